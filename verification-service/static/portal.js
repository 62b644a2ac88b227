// The portal's one script: passkeys, printing, and a warning before one is signed out. Every page works without it, but for
// passkeys.
"use strict";
(() => {

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

// The options of the server carry bytes as base64url; browsers want buffers.
function options(json) {
  const key = json.publicKey;
  key.challenge = bytes(key.challenge);
  if (key.user) key.user.id = bytes(key.user.id);
  for (const list of [key.excludeCredentials, key.allowCredentials]) {
    for (const credential of list || []) credential.id = bytes(credential.id);
  }
  return { publicKey: key };
}

function reply(credential) {
  const from = credential.response;
  const response = { clientDataJSON: text(from.clientDataJSON) };
  if (from.attestationObject) {
    response.attestationObject = text(from.attestationObject);
    response.transports = from.getTransports ? from.getTransports() : [];
  } else {
    response.authenticatorData = text(from.authenticatorData);
    response.signature = text(from.signature);
    response.userHandle = from.userHandle ? text(from.userHandle) : null;
  }
  return JSON.stringify({
    id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
    extensions: credential.getClientExtensionResults(),
  });
}

function sent(form) {
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button")) button.disabled = true;
}

async function passkey(button) {
  const form = button.form;
  const trouble = document.getElementById("passkey-trouble");
  trouble.hidden = true;
  button.disabled = true;
  try {
    const ceremony = button.dataset.passkey;
    const body = new URLSearchParams({ csrf: form.elements.csrf.value, ceremony });
    const asked = await fetch("/passkey/challenge", { method: "POST", body, credentials: "same-origin" });
    if (!asked.ok) throw new Error("no challenge");
    const wanted = options(await asked.json());
    const made = ceremony === "make"
      ? await navigator.credentials.create(wanted)
      : await navigator.credentials.get(wanted);
    form.elements.passkey.value = reply(made);
    sent(form);
    form.submit();
  } catch (why) {
    trouble.textContent = trouble.dataset.text;
    trouble.hidden = false;
    button.disabled = false;
    button.focus();
  }
}

if (window.PublicKeyCredential) {
  for (const part of document.querySelectorAll("[data-needs-passkey]")) part.hidden = false;
  for (const button of document.querySelectorAll("[data-passkey]")) {
    button.addEventListener("click", () => passkey(button));
  }
}

// A form is sent once: a second one would only tell that the first was taken. Coming back, one may send it again.
for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    sent(form);
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  }
});

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// What is wrong is read out first.
const errors = document.getElementById("errors");
if (errors) errors.focus();

// Two minutes before the session ends, and once more when it has.
const idle = Number(document.body.dataset.idle);
if (idle) {
  const warning = document.getElementById("idle");
  let warn, end;
  const arm = () => {
    clearTimeout(warn);
    clearTimeout(end);
    warning.hidden = true;
    warn = setTimeout(() => { warning.hidden = false; document.getElementById("idle-stay").focus(); }, (idle - 2) * 60000);
    // What is on the screen must not stay when nobody is there.
    end = setTimeout(() => { window.location.replace("/sign-in?ended"); }, idle * 60000);
  };
  // A use in one tab keeps the session, and so the other tabs that show it.
  const tabs = window.BroadcastChannel ? new BroadcastChannel("used " + document.body.dataset.csrf) : null;
  const used = () => { arm(); if (tabs) tabs.postMessage(null); };
  if (tabs) tabs.addEventListener("message", arm);
  document.getElementById("idle-stay").addEventListener("click", async () => {
    const body = new URLSearchParams({ csrf: document.body.dataset.csrf });
    const stayed = await fetch("/sessions/stay", { method: "POST", body, credentials: "same-origin" });
    if (stayed.ok && !stayed.redirected) used(); else window.location.replace("/sign-in?ended");
  });
  used();
}
})();
