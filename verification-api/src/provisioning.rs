//! The configuration that a new kiosk starts with, whoever makes its files: `verification-service kiosk add` in a folder to
//! be copied, or `kiosk-app enroll` on the kiosk itself.

/// The text of `kiosk.toml`. The files that it names lie beside it. `number` and `lane` must be without quotes and
/// backslashes.
#[must_use]
pub fn kiosk_toml(url: &str, number: &str, lane: &str) -> String {
    format!(
        "# A kiosk's configuration, with what the service gave it. Relative paths are relative to this file. Add readers\n\
         # and camera, and the texts of [site].\n\
         \n\
         [service]\n\
         url = \"{url}\"\n\
         root = \"root.pem\"      # the only root that is trusted\n\
         chain = \"chain.pem\"\n\
         key = \"key.pem\"\n\
         log = \"log.pub\"        # who may sign the audit log, of which this kiosk is a witness\n\
         \n\
         [site]\n\
         number = \"{number}\"\n\
         lane = \"{lane}\"\n\
         # gate = \"A\"            # where travelers are sent\n\
         # counter = \"1\"         # whom they ask when this kiosk cannot help\n\
         \n\
         [technician]\n\
         public_key = \"technician.pub\"       # Ed25519, PEM: signs technicians' credentials\n\
         pepper = \"technician_pepper\"        # 32 bytes\n"
    )
}
