/** Certificates for a test, by openssl: authorities, and what they signed. All as `NAME.pem` and `NAME.key` in one directory. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Certificates = Disposable & {
  dir: string;
  authority(name: string): void;
  /** For 127.0.0.1, signed by authority `by`. */
  certificate(name: string, by: string): void;
  pem(file: string): string;
};

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export function createCertificates(): Certificates {
  const dir = mkdtempSync(join(tmpdir(), "hbx-tls-"));
  const openssl = (...args: string[]): void => {
    const done = spawnSync("openssl", args, { cwd: dir, encoding: "utf8" });
    if (done.status !== 0) throw new Error(`openssl ${args.join(" ")}: ${done.stderr}`);
  };
  return {
    dir,
    authority(name) {
      const files = ["-keyout", `${name}.key`, "-out", `${name}.pem`];
      openssl("req", "-x509", ...newKey, ...files, "-subj", `/CN=${name}`, "-days", "2");
    },
    certificate(name, by) {
      const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"];
      openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, ...subject);
      const issuer = ["-CA", `${by}.pem`, "-CAkey", `${by}.key`, "-CAcreateserial", "-copy_extensions", "copy"];
      openssl("x509", "-req", "-in", `${name}.csr`, ...issuer, "-out", `${name}.pem`, "-days", "2");
    },
    pem: (file) => readFileSync(join(dir, file), "utf8"),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}
