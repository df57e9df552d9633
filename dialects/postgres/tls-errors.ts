/** What went wrong with TLS, in words of whoever has to mend it: OpenSSL's codes are for those who know them. */
import type { PeerCertificate } from 'node:tls';
import { codeOf, messageOf } from './error-codes.js';

export interface Explained {
  readonly message: string;
  readonly hint: string;
}

/** The driver's own words; it gives them no code. */
export const saysNoTls = (error: unknown): boolean =>
  error instanceof Error && error.message === 'The server does not support SSL connections';

/** Whether there is no connection because of TLS: a certificate that is not believed, theirs or ours, or no common language. */
export function isTlsFailure(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  return (
    code in CERTIFICATES ||
    /^(ERR_(SSL|TLS|OSSL)_|EPROTO$)/.test(code) ||
    /before secure TLS connection was established/.test(messageOf(error))
  );
}

const UNSIGNED =
  'no certificate of "sslrootcert" has signed that of the server, or one between them is missing';
const SIGNER =
  '"sslrootcert" has to be the file of the CA that signs the server\'s certificate: ask whoever runs the server for it';

/** What OpenSSL finds wrong with the server's certificate. */
const CERTIFICATES: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  SELF_SIGNED_CERT_IN_CHAIN: [UNSIGNED, SIGNER],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['the server signed its certificate itself', SIGNER],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [UNSIGNED, SIGNER],
  UNABLE_TO_GET_ISSUER_CERT: [UNSIGNED, SIGNER],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [UNSIGNED, SIGNER],
  CERT_SIGNATURE_FAILURE: [UNSIGNED, SIGNER],
  INVALID_CA: ['the certificate that signed that of the server is of no CA', SIGNER],
  CERT_HAS_EXPIRED: [
    "the server's certificate, or that of its CA, has expired",
    'whoever runs the server has to renew it; or this machine has the wrong time',
  ],
  CERT_NOT_YET_VALID: ["the server's certificate is not valid yet", 'does this machine have the wrong time?'],
  CERT_REVOKED: [
    "the server's certificate was revoked",
    'whoever runs the server has to have a new one made',
  ],
  UNABLE_TO_GET_CRL: [
    '"sslcrl" has no list of the CA that signed the server\'s certificate',
    'put the lists of all CAs of the chain into that file',
  ],
  CRL_HAS_EXPIRED: ['the list of revoked certificates is out of date', 'fetch it anew into "sslcrl"'],
};

/** What OpenSSL says where the driver has only a failed write, and else its words of the error. */
const reasonOf = (error: unknown): string =>
  /:SSL routines:[^:]*:([^:]+):/.exec(messageOf(error))?.[1] ?? messageOf(error);

/** Alerts by which a server refuses the certificate we show, or that we show none. */
const OURS =
  /alert (unknown ca|bad certificate|certificate \w+|unsupported certificate|access denied|decrypt error)|certificate required/i;
const VERSIONS =
  /unsupported protocol|protocol version|wrong version|handshake failure|no protocols|no shared cipher/i;

/** Whether the server does not take the certificate we show; that is told after the handshake, so no other way is tried, as in libpq. */
export const refusesOurs = (error: unknown): boolean => isTlsFailure(error) && OURS.test(reasonOf(error));

const SHOWN =
  '"sslcert" and "sslkey" have to be a certificate that the server\'s ssl_ca_file signs, and its key';

/** An error of TLS, or of a server that asks for more of it; nothing where it is another one. */
export function explainTls(error: unknown): Explained | undefined {
  const code = codeOf(error) ?? '';
  const said = messageOf(error);
  const reason = isTlsFailure(error) ? reasonOf(error) : '';
  const known = CERTIFICATES[code];
  if (known) return { message: `${known[0]} (${said})`, hint: known[1] };
  if (saysNoTls(error)) {
    return {
      message: 'the server has no TLS, which "sslmode" asks for',
      hint: 'whoever runs it turns it on (ssl = on); "sslmode": "prefer" connects without where there is none',
    };
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const { host, cert } = error as { readonly host?: string; readonly cert?: Partial<PeerCertificate> };
    const names = cert?.subjectaltname ?? [cert?.subject?.CN ?? 'nobody'].flat().join(', ');
    return {
      message: `the server's certificate is for ${names}, and not for ${host ?? 'this host'}`,
      hint: '"host" has to be a name that the certificate has; "sslmode": "verify-ca" asks only who signed',
    };
  }
  if (refusesOurs(error))
    return { message: `the server does not take the certificate we show (${reason})`, hint: SHOWN };
  if (VERSIONS.test(reason)) {
    return {
      message: `the server and Rollcall have no version of TLS or no cipher in common (${reason})`,
      hint: 'TLS 1.2 is the least unless ssl_min_protocol_version says otherwise',
    };
  }
  if (isTlsFailure(error)) return { message: `TLS failed: ${reason}`, hint: "the server's log may say why" };
  return code === '28000' ? asksFor(said) : undefined;
}

/** What pg_hba.conf asks for. */
function asksFor(said: string): Explained | undefined {
  if (/valid client certificate/.test(said)) return { message: said, hint: SHOWN };
  if (/^certificate authentication failed/.test(said)) {
    return {
      message: said,
      hint: 'the common name of the certificate of "sslcert" has to be the user, or pg_ident.conf maps it to the user',
    };
  }
  if (/no pg_hba\.conf entry.*, no encryption$/.test(said)) {
    return {
      message: said,
      hint: 'the server may let this user in by TLS alone: "sslmode": "require", or "verify-full" with "sslrootcert"',
    };
  }
  return undefined;
}
