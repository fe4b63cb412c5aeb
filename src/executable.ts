/** The single-file build: the command line, and as `hbx daemon-process` the daemon with the native core inside. */
import embeddedCore from "../native/target/x86_64-unknown-linux-gnu/release/hbx-core" with { type: "file" };

if (process.argv[2] === "daemon-process") {
  const [{ readFileSync }, { join }, { resolvePlaces }, { extractCore }] = await Promise.all([
    import("node:fs"),
    import("node:path"),
    import("./config/index.ts"),
    import("./daemon/extract-core.ts"),
  ]);
  process.env["HYPERBOX_CORE"] ||= extractCore(readFileSync(embeddedCore), join(resolvePlaces().home, "cache"));
  await import("./daemon/main.ts");
} else await import("./cli/main.ts");
