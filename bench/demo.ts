/** `npm run demo`: a daemon in a temporary home, an image, a container and where its time went, then the other engines. */
import { demoContainer } from "./demo/container.ts";
import { demoRivals } from "./demo/rivals.ts";
import { createScreen } from "./demo/screen.ts";
import { openBenchHome } from "./home.ts";

const screen = createScreen(process.stdout);
const begun = performance.now();
try {
  await using bench = await openBenchHome(false);
  screen.title("HyperBox");
  screen.done("a daemon in a temporary home", performance.now() - begun, bench.home);
  const making = performance.now();
  await bench.client.text("POST", "/hbx/v1/images/base");
  screen.done("the base image, made from this machine's busybox", performance.now() - making, bench.image);
  await demoContainer(bench, screen);
  await demoRivals(bench, screen);
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
screen.note("The daemon is stopped and its home removed.");
process.exit(0);
