/** Certificates for tests of TLS, made by openssl in a folder that goes with the test. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files with a certificate and its key. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** A key that is made at once. */
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

/** Whoever signs. */
export class Authority implements Pair {
  readonly cert: string;
  readonly key: string;
  #serial = 0;

  constructor(
    private readonly dir: string,
    private readonly name: string,
  ) {
    this.cert = join(dir, `${name}.crt`);
    this.key = join(dir, `${name}.key`);
    openssl('req', '-x509', ...EC, '-nodes', '-days', '30', '-subj', `/CN=${name}`, '-out', this.cert, '-keyout', this.key); // prettier-ignore
  }

  /** A certificate for a common name; `alt` is like `DNS:localhost`. It is over where its days are negative. */
  sign(
    name: string,
    { alt, days = 30, passphrase }: { alt?: string; days?: number; passphrase?: string } = {},
  ): Pair {
    const serial = String((this.#serial += 1));
    const [cert, key, asked, more] = ['crt', 'key', 'csr', 'ext'].map((end) =>
      join(this.dir, `${this.name}-${serial}.${end}`),
    ) as [string, string, string, string];
    const locked = passphrase === undefined ? ['-nodes'] : ['-passout', `pass:${passphrase}`];
    openssl('req', ...EC, ...locked, '-subj', `/CN=${name}`, '-out', asked, '-keyout', key);
    writeFileSync(more, alt === undefined ? '' : `subjectAltName=${alt}\n`);
    openssl('x509', '-req', '-in', asked, '-CA', this.cert, '-CAkey', this.key, '-set_serial', serial, '-days', String(days), '-extfile', more, '-out', cert); // prettier-ignore
    return { cert, key };
  }

  /** A list that says these are revoked no more than others are: the file of the list. */
  revoking(...revoked: readonly Pair[]): string {
    const [config, index, list] = ['cnf', 'index', 'crl'].map((end) =>
      join(this.dir, `${this.name}.${end}`),
    ) as [string, string, string];
    writeFileSync(index, '');
    writeFileSync(
      config,
      `[ca]\ndefault_ca = it\n[it]\ndatabase = ${index}\ndefault_md = sha256\ndefault_crl_days = 30\n`,
    );
    const by = ['-config', config, '-cert', this.cert, '-keyfile', this.key];
    for (const { cert } of revoked) openssl('ca', ...by, '-revoke', cert);
    openssl('ca', ...by, '-gencrl', '-out', list);
    return list;
  }
}

/** Several files as one. */
export function joined(file: string, ...parts: readonly string[]): string {
  writeFileSync(file, parts.map((part) => readFileSync(part, 'utf8')).join(''));
  return file;
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}
