// WebAuthn's objects as JSON and back (Web Authentication Level 3, 5.1.8 to 5.1.10), for browsers that cannot do it
// themselves yet. Bytes travel as base64url without padding. Pure.

/** base64url text as bytes. */
export function bytesOf(text) {
  const plain = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(plain), (each) => each.charCodeAt(0));
}

/** Bytes (or a buffer) as base64url text. */
export function textOf(bytes) {
  const letters = Array.from(new Uint8Array(bytes), (each) => String.fromCharCode(each)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** What navigator.credentials.create wants, from what the server sent. */
export function creationOptions({ publicKey }) {
  return {
    publicKey: {
      ...publicKey,
      challenge: bytesOf(publicKey.challenge),
      user: { ...publicKey.user, id: bytesOf(publicKey.user.id) },
      excludeCredentials: (publicKey.excludeCredentials ?? []).map(descriptor),
    },
  };
}

/** What navigator.credentials.get wants, from what the server sent. */
export function requestOptions({ publicKey }) {
  return {
    publicKey: {
      ...publicKey,
      challenge: bytesOf(publicKey.challenge),
      allowCredentials: (publicKey.allowCredentials ?? []).map(descriptor),
    },
  };
}

/** A credential, made or shown, as the server wants it. */
export function credentialAsJson(credential) {
  const { response } = credential;
  const parts = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) parts[name] = textOf(response[name]);
  }
  const transports = response.getTransports?.();
  if (transports) parts.transports = transports;
  return {
    id: credential.id,
    rawId: textOf(credential.rawId),
    type: credential.type,
    response: parts,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

const descriptor = (each) => ({ ...each, id: bytesOf(each.id) });
