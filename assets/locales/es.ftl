# Las palabras del quiosco en español. Mismos identificadores y variables que en.ftl.

## El marco
step-language = Idioma
step-document = Documento
step-check = Consulta
step-done = Fin
start-over = Reiniciar
back = Atrás
cancel = Cancelar
close = Cerrar
help = Ayuda
settings-open = Idioma y pantalla
delete = Borrar
clear = Vaciar
space-key = Espacio
staff-corner = Personal
test-mode = Modo de prueba: se aceptan documentos de muestra
unsigned-profiles = La tabla de documentos no está firmada
reference = Referencia
take-card = Retire su tarjeta

## Inicio
attract-title = Toque para comenzar
attract-help = Tenga lista su tarjeta o su pasaporte
attract-kiosk = Quiosco { $number } · Carril { $lane }

## Idioma
language-title = Elija su idioma
language-help = Puede cambiarlo arriba en todo momento.
language-size = Tamaño del texto
language-contrast = Colores
size-normal = Normal
size-large = Grande
size-largest = Máximo
contrast-normal = Claro
contrast-high = Contraste
contrast-dark = Oscuro
language-privacy = Sus datos se usan solo aquí y se borran al terminar.
privacy-open = Cómo se usan sus datos

## Presentar un documento
present-title = Ponga su tarjeta en el lector
present-help = Con las líneas impresas hacia abajo. Sáquela antes de su funda.
present-title-camera = Muestre su tarjeta a la cámara
present-help-camera = Con las líneas impresas hacia la cámara. Sáquela antes de su funda.
present-help-either = O sosténgala frente a la cámara. Sáquela antes de su funda.
present-passport = Pasaporte: ábralo en la página de la foto.
present-passport-help = Se leen las dos líneas largas impresas al pie.
present-cannot = No puedo usar mi tarjeta
present-again = Todavía no pudimos leerla.
present-again-help = Limpie la tarjeta, póngala plana y no la mueva.
advice-closer = Acerque la tarjeta.
advice-closer-help = Las líneas impresas deben llenar el marco.
advice-farther = Aleje un poco la tarjeta.
advice-farther-help = La tarjeta entera debe verse en la imagen.
advice-hold-still = No mueva la tarjeta.
advice-hold-still-help = Apóyela un momento sobre el cristal.
advice-tilt = Un reflejo cubre las líneas impresas.
advice-tilt-help = Incline un poco la tarjeta y no la mueva.
advice-more-light = Está demasiado oscuro para leer.
advice-more-light-help = Aparte la mano para que llegue luz a la tarjeta.
advice-whole-card = Una parte de la tarjeta queda fuera de la imagen.
advice-whole-card-help = Muestre la tarjeta entera con todas sus líneas impresas.
advice-turn-over = Este es el otro lado.
advice-turn-over-help = Dé la vuelta a la tarjeta: las líneas impresas, hacia el lector.
advice-remove-cover = Algo tapa la tarjeta.
advice-remove-cover-help = Sáquela de su funda.
advice-another-document = Este código de barras no basta.
advice-another-document-help = Use una tarjeta o un pasaporte con líneas impresas.

## Lectura
reading-title = Leyendo su tarjeta
reading-help = Déjela un momento donde está.
reading-found = Su tarjeta está puesta
reading-lines = Buscando las líneas impresas
reading-read = Leyéndolas

## Confirmación
confirm-title = ¿Es este su documento?
confirm-help = Una parte está oculta para que solo usted lo reconozca.
confirm-name = Nombre
confirm-type = Documento
confirm-number = Número
confirm-yes = Sí, es mío
confirm-no = No es mío
document-passport = Pasaporte
document-passport-card = Tarjeta pasaporte
document-permanent-resident-card = Tarjeta de residente permanente
document-employment-authorization = Permiso de trabajo
document-visa = Visa
document-reentry-permit = Permiso de reingreso
document-refugee-travel-document = Documento de viaje de refugiado
document-driver-licence = Licencia de conducir
document-national-id = Documento nacional de identidad
document-crew-certificate = Certificado de tripulante
document-emergency-travel-document = Documento de viaje de emergencia
document-other = Documento de viaje

## Consulta del registro
looking-title = Consultando su registro
looking-help = Suele tardar unos dos segundos.
looking-read = Leído: { $document }
looking-lines = Las líneas impresas están completas
looking-asking = Preguntando al registro…
looking-comparing = Comparando sus datos
looking-slow = Seguimos esperando. Si no hay respuesta en { $seconds } segundos, le ayudará un oficial.
verifying-title = Comprobando su código
verifying-number = Número anotado: { $number }
verifying-code = Código escrito sin fallos
verifying-asking = Preguntando al registro…
verifying-answer = Esperando su respuesta

## El número
identifier-title = Escriba su número
identifier-title-confirm = ¿Es este su número?
identifier-help-a-number = De 7 a 9 cifras: A-Number o USCIS#.
identifier-help-receipt = 3 letras y 10 cifras, en su aviso.
identifier-help-confirm = Compárelo con su tarjeta o su aviso, cifra por cifra.
identifier-a-number = A-Number · USCIS#
identifier-receipt = Recibo · n.º de caso
identifier-refused = Este número aún no está completo.
identifier-refused-a-number = Tiene 7, 8 o 9 cifras y no son todas ceros.
identifier-refused-receipt = Tiene 3 letras y después 10 cifras. La cifra 0 es un cero.
identifier-next = Seguir
identifier-right = Sí, seguir
identifier-change = Cambiarlo
no-code = No tengo código

## El código de respaldo
code-title = Su código de respaldo
code-help = { $characters } caracteres. Cada grupo de cinco se comprueba al escribirlo.
code-groups-right = { $count ->
    [1] El grupo 1 está completo
    [2] Los grupos 1 y 2 están completos
   *[other] Los grupos 1 a { $count } están completos
}
code-all-right = Su código está completo. Toque «Comprobar».
code-wrong = Revise estos 5 caracteres
code-start = También puede sostener el QR del código frente al lector.
code-never = Nunca pedimos este código por correo, mensaje o teléfono. No lleva I, L, O ni U.
code-clear = Vaciar grupo
code-six-groups = Tengo 6 grupos
code-four-groups = Tengo 4 grupos
code-check = Comprobar

## Después del código
not-verified-title = No pudimos confirmar este código
not-verified-help = Puede intentarlo otra vez, o un oficial puede ayudarle.
not-verified-hint = Compare su número y su código con lo que anotó.
not-verified-hint-help = No se guarda nada de lo que escribió.
try-again = Otra vez
see-officer = Ver a un oficial

## El final de la visita
complete-title = Encontramos su registro
complete-title-officer = Un oficial ha revisado su documento
complete-help = Vaya con el oficial en { $gate }.
complete-help-anywhere = Vaya con un oficial.
complete-reference = La referencia no contiene datos personales. Muéstrela al oficial.
complete-storing = Su referencia aparecerá aquí en un momento.
finish = Terminar
referred-title = Vaya con un oficial
referred-help = Un oficial seguirá con usted en { $gate }.
referred-help-anywhere = Un oficial seguirá con usted.
referred-reference = Muestre esta referencia. No tendrá que volver a escribir nada.
storing-title = Un momento, por favor
storing-help = Sus datos se están pasando a un oficial.
held-title = Quédese aquí, por favor
held-help = Pida a un oficial en { $counter } que venga a este quiosco.
held-help-anywhere = Pida a un oficial que venga a este quiosco.
held-help-called = Un oficial viene a este quiosco.
held-saving = Su solicitud todavía se está enviando.
held-saving-help = Lo que introdujo queda aquí hasta entonces.
call-officer = Llamar a un oficial
officer-called = Se ha llamado a un oficial

## Tiempo
still-title = ¿Necesita más tiempo?
still-help = Sin respuesta, esta visita termina y se borra todo lo que introdujo.
still-more = Sí, más tiempo
still-end = Terminar ya

## Fuera de servicio
out-title = Use otro quiosco, por favor
out-help = Este está en pausa. También puede ir a { $counter }.

## Hojas
help-title = ¿En qué podemos ayudarle?
help-now-language = Toque el idioma que mejor lea. También puede cambiar el tamaño del texto y los colores.
help-now-document = Ponga su tarjeta o pasaporte y déjelo ahí. Si no puede usarlo, toque «No puedo usar mi tarjeta».
help-now-check = El quiosco consulta el registro sobre su documento. No tiene que hacer nada.
help-now-number = Escriba el número impreso en su tarjeta o aviso. Si no lo tiene, toque «No tengo código».
help-now-code = Escriba el código de respaldo que creó en su cuenta. Si no tiene uno, toque «No tengo código».
help-now-done = Siga las indicaciones de la pantalla. Un oficial decide sobre su entrada.
help-officer = Un oficial siempre puede ayudarle, sin costo.
settings-title = Idioma y pantalla
privacy-title = Sus datos
privacy-use = Lo que muestra o escribe se usa solo para buscar su expediente en el registro de la agencia.
privacy-wipe = Al terminar su visita, este quiosco borra su nombre, número, código e imágenes. No se guarda ninguna imagen.
privacy-officer = Si pasa con un oficial, este ve lo que se leyó y por qué el quiosco no pudo seguir, durante cuatro horas como máximo.
privacy-decision = Este quiosco no decide nada sobre su entrada. Lo hace una persona.

## Oficial
officer-header = Oficial · Carril { $lane } · Quiosco { $number }
officer-clock = Sesión { $since } · visita { $visit } · se cierra en { $left }
officer-clock-none = Sesión { $since } · sin visita · se cierra en { $left }
officer-clock-out = Sin sesión
officer-offline = Sesión sin el servicio: las anulaciones se envían cuando vuelva a responder.
sign-out = Salir
sign-in = Entrar
officer-sign-in-title = Acceso de oficiales
officer-sign-in-help = Escanee su placa o escriba su número; después, su PIN.
badge = Placa
pin = PIN
signing-in = Entrando…
technician = Técnico
officer-visit-title = Esta visita
officer-no-visit-title = No hay visita en este quiosco
officer-no-visit-help = Abra una remisión por su referencia, o salga.
officer-opened-title = Remisión { $reference }
officer-opened-help = Quiosco { $kiosk }, carril { $lane }
officer-reading = Lectura, intentos fallidos: { $tries } de { $max }
officer-reading-keyed = Zona escrita a mano
officer-reading-none = Todavía no se ha leído nada
officer-accepted = aceptada
officer-not-accepted = no aceptada: { $reason }
reason-no-zone = no se hallaron líneas impresas
reason-too-small = demasiado lejos
reason-too-close = demasiado cerca
reason-wrong-side = lado equivocado
reason-blurred = borrosa
reason-moving = en movimiento
reason-glare = reflejo
reason-too-dark = demasiado oscura
reason-cut-off = cortada
reason-low-confidence = hay caracteres dudosos
reason-not-mrz-text = texto impreso, pero sin zona
field-document-number = N.º de documento
field-birth-date = Nacimiento
field-expiry-date = Caducidad
field-personal-number = N.º personal
field-composite = Conjunto
field-name = Nombre (sin cifra)
field-record = Registro
field-document = Documento
field-status = Estado
field-barcode = Código de barras
field-seal = Sello
field-deviation = Desviación del emisor
field-boarding-pass = Tarjeta de embarque (indicio)
field-receipt = Número de recibo (indicio)
field-other-code = Otro código
field-layout = Código del documento
layout-general = desconocido: leído según la norma general
barcode-agrees = coincide
barcode-differs = difiere: { $fields }
code-not-verified = presente, sin verificar
code-no-identity = no es un documento de identidad: { $kind }, { $issuer }
field-licence = Licencia
field-licence-missing = Falta en el código
licence-facts = { $kind }, { $real_id }, { $term }
licence-enhanced = mejorada
licence-ordinary = ordinaria
licence-real-id = REAL ID
licence-no-real-id = sin REAL ID
licence-real-id-unsaid = REAL ID no indicado
licence-limited = plazo limitado
licence-unlimited = plazo completo
seal-not-checked = presente, sin comprobar
field-mismatch = Difiere en
field-why = Motivo
field-code = Código
field-identifier = Número
verdict-ok = coincide
verdict-disagrees = no coincide
verdict-absent = no impresa
percent = { $share } %
record-found = hallado
record-not-found = no hallado
record-refer = remitir
record-none = sin consultar
status-valid = vigente
status-expired = caducado
status-reported-lost = denunciado perdido
status-unknown = desconocido
code-answer-verified = verificado
code-answer-refer = verificado, remitir
code-answer-not = no verificado
why-document-unreadable = ilegible
why-check-document = revisar documento
why-code-not-verified = código no verificado
why-technical = técnica
why-asked-for-officer = pidió un oficial
why-complete = completada
why-open = visita en curso
override-reason = Motivo de la anulación (obligatorio)
override-worn = Tarjeta gastada o dañada
override-name = Nombre mal leído
override-fault = Fallo del lector
override-other = Otro, con nota
override-note = Nota
override-closed = La respuesta del registro no permite anular. Remita o termine la visita.
retry = Repetir
key-in = Teclear
refer = Remitir
override = Anular
pull-up = Abrir el registro
open-referral = Abrir una remisión
close-referral = Cerrar la remisión
end-visit = Terminar la visita
key-in-title = Teclear la zona
key-in-help = Escriba las filas como están impresas. Las cifras de control se juzgan al escribir.
key-in-caption = Fila { $row } de { $rows }
key-in-whole = Las filas están completas
key-in-waiting = Preguntando al registro…
key-in-submit = Usar estas filas
key-in-clear = Vaciar fila
refer-title = Remitir a inspección secundaria
refer-help = Elija una clave. El viajero ve un texto neutro, nunca la clave.
refer-submit = Remitir
refer-er = ER · Cumplimiento
refer-rr = RR · Aleatoria
refer-dr = DR · Declaración
refer-ap = AP · Fuera del manifiesto
refer-ea = EA · Autorización de entrada
refer-bf = BF · Biometría
refer-cd = CD · Revisar documentos
refer-tr = TR · Técnica
open-title = Abrir una remisión
open-help = Escriba la referencia que muestra el viajero, o escanéela.
open-reference = Referencia
open-waiting = Buscándola…
open-submit = Abrir
notice-sign-in-refused = La placa y el PIN no se aceptaron.
notice-sign-in-refused-help = Revíselos e inténtelo otra vez. Tras cinco intentos hay una pausa.
notice-sign-in-unavailable = El servicio no responde.
notice-sign-in-unavailable-help = Sin él solo se entra hasta 12 horas después de su último acceso aquí.
notice-referral-not-found = Ninguna remisión tiene esta referencia.
notice-referral-not-found-help = Se guardan cuatro horas. Revísela e inténtelo otra vez.
notice-service-unavailable = El registro no responde.
notice-service-unavailable-help = Remita al viajero, o inténtelo en un momento.
notice-journal = No se puede escribir el diario, así que no hay anulación.
notice-journal-help = Remita al viajero y llame a un técnico.
notice-note-required = Con este motivo hace falta una nota.
notice-note-required-help = Basta una frase.
card-title = Tarjeta en el lector
card-keep-title = ¿Retener esta tarjeta?
card-help = Devuélvala al viajero, o reténgala para la agencia.
card-keep-help = Irá al depósito. Solo un técnico puede sacarla de allí.
card-left-inside = Hay dentro una tarjeta que nadie retiró.
card-reader-gone = El lector motorizado no responde.
card-give-back = Devolver la tarjeta
card-keep = Retener la tarjeta
card-keep-surely = Retenerla
notice-card-asked = Se ordenó al lector.
notice-card-asked-help = Si nada se mueve en 20 segundos, no hay tarjeta dentro.
notice-card-offered = La tarjeta está fuera.
notice-card-offered-help = Tómela, o deje que la tome el viajero.
notice-card-kept = La tarjeta está en el depósito.
notice-card-kept-help = El diario dice quién la retuvo.
notice-override-not-offered = Aquí no se puede anular.
notice-override-not-offered-help = Es solo para una lectura fallida. Remita o termine la visita.

## Técnico
tech-header = Diagnóstico · Quiosco { $number }
tech-facts = { $version } ({ $commit }) · activo { $uptime } · último inicio: { $boot ->
    [first_start] el primero
    [clean] ordenado
    [crash] tras un fallo
    [power_loss] tras un corte de corriente
   *[other] { $boot }
}
tech-signed = { $technician } · máquina { $machine } · reloj { $clock }
tech-sign-in-title = Acceso de técnicos
tech-sign-in-help = Sostenga el QR de su credencial frente al lector y escriba su PIN.
tech-credential-waiting = Esperando la credencial
tech-credential-read = Credencial leída
tech-leave = Salir
tech-overview-title = Dispositivos y servicios
tech-camera = Cámara
tech-mock = Visita de prueba
tech-test = Probar
tech-testing = Probando…
tech-try = Con documento
tech-try-now = Ponga un documento…
tech-test-all = Probar todo
tech-overview = Resumen
device-scanner = Lector de documentos
device-camera = Cámara
device-service = Servicio de registro
device-certificate = Certificado
device-journal = Diario
device-log = Registro del servicio
device-outbox = Anulaciones
device-reads = { $good } buenas, { $failed } fallidas
device-reconnects = { $count ->
    [one] 1 reconexión
   *[other] { $count } reconexiones
}
device-starting = arrancando
fault-not-reachable = no se alcanza
fault-not-responding = no responde
fault-protocol = respuestas ilegibles
fault-frozen = imagen congelada
fault-black = imagen negra
fault-wrong-size = imágenes de otro tamaño
fault-slow = las imágenes llegan despacio
fault-unsupported = no compatible
fault-config-rejected = ajuste rechazado
fault-sensor-covered = sensor tapado
fault-jammed = tarjeta atascada
fault-card-left = tarjeta dentro
fault-bin-full = depósito lleno
fault-mechanism = fallo mecánico
must-act-nobody = listo
must-act-traveler = viajero
must-act-officer = oficial
must-act-technician = técnico
must-act-vendor = proveedor
test-result = { $name }: { $facts }
stages-title = Última lectura, etapa por etapa
stages-none = No se ha leído nada desde el inicio.
stage-time = { $stage } { $ms } ms
camera-title = Cámara
camera-help = Imagen en vivo con la zona hallada, y las etapas de la última lectura.
camera-none = Todavía no hay imagen. ¿Está conectada la cámara?
mock-title = Visita de prueba
mock-help = Una tarjeta de prueba, leída y consultada como en una visita. No se guarda nada.
mock-present = Ponga una tarjeta de prueba en el lector
mock-read = Leído: { $read }
mock-asking = Preguntando al registro…
mock-answered = El servicio respondió
mock-answered-help = { $detail }
mock-silent = El servicio no respondió
mock-again = Otra vez
notice-credential-refused = La credencial y el PIN no se aceptaron.
notice-credential-expired = Esta credencial ha caducado.
notice-credential-expired-help = Pida una nueva al servicio.
notice-locked = Demasiados intentos. Espere, por favor.
notice-credential-help = Revise el PIN, o vuelva a escanear la credencial.
