/** dockerode against DOCKER_SOCKET: what its users do all day. Ends with 1 at the first thing that is not as Docker's. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import { PassThrough } from "node:stream";

const Docker = createRequire(`${process.env.CLIENTS}/`)("dockerode");
const docker = new Docker({ socketPath: process.env.DOCKER_SOCKET });
const Image = "hyperbox/base";

const gathering = () => {
  const sink = new PassThrough();
  sink.text = "";
  sink.on("data", (chunk) => {
    sink.text += chunk;
  });
  return sink;
};

assert.equal(String(await docker.ping()), "OK");
assert.equal((await docker.version()).ApiVersion, "1.51");

const [out, err] = [gathering(), gathering()];
const command = ["sh", "-c", "echo out; echo err >&2; exit 3"];
const [ended, run] = await docker.run(Image, command, [out, err], { Tty: false });
assert.deepEqual([ended.StatusCode, out.text, err.text], [3, "out\n", "err\n"]);
await run.remove();

const events = await docker.getEvents({ filters: { label: ["what=dockerode"] } });
const actions = [];
events.on("data", (chunk) => {
  for (const line of String(chunk).trim().split("\n")) actions.push(JSON.parse(line).Action);
});
const ticking = await docker.createContainer({
  ...{ Image, name: "ticking", Cmd: ["sh", "-c", "while :; do echo tick; sleep 0.05; done"] },
  ...{ Labels: { what: "dockerode" }, ExposedPorts: { "80/tcp": {} } },
  HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "" }] } },
});
await ticking.start();
const logs = await ticking.logs({ follow: true, stdout: true });
await once(logs, "data");
logs.destroy();

const exec = await ticking.exec({ Cmd: ["cat"], AttachStdin: true, AttachStdout: true });
const stream = await exec.start({ hijack: true, stdin: true });
const echoed = gathering();
docker.modem.demuxStream(stream, echoed, echoed);
stream.end("hello\n");
await once(stream, "end");
assert.equal(echoed.text, "hello\n");
assert.equal((await exec.inspect()).ExitCode, 0);

const stats = await ticking.stats({ stream: false });
assert.ok(stats.memory_stats.usage > 0 && stats.cpu_stats.cpu_usage.total_usage > 0);
assert.equal((await docker.listContainers({ filters: { label: ["what=dockerode"] } })).length, 1);
const seen = await ticking.inspect();
assert.equal(seen.State.Status, "running");
assert.match(seen.NetworkSettings.Ports["80/tcp"][0].HostPort, /^\d+$/);
assert.ok((await ticking.top()).Processes.length > 0);

const archive = await ticking.getArchive({ path: "/etc/passwd" });
let bytes = 0;
for await (const chunk of archive) bytes += chunk.length;
assert.ok(bytes >= 1024);

await ticking.pause();
await ticking.unpause();
await ticking.rename({ name: "renamed" });
await ticking.update({ Memory: 64 << 20, MemorySwap: 64 << 20 });
await ticking.stop({ t: 0 });
await ticking.remove();
await assert.rejects(ticking.inspect(), { statusCode: 404 });

const volume = await docker.createVolume({ Name: "held" });
assert.equal((await volume.inspect()).Driver, "local");
await volume.remove();

const network = await docker.createNetwork({ Name: "own" });
assert.equal((await network.inspect()).Driver, "bridge");
await network.remove();

await docker.getImage(Image).tag({ repo: "made/here", tag: "1" });
assert.ok((await docker.listImages()).some(({ RepoTags }) => RepoTags.includes("made/here:1")));
await docker.getImage("made/here:1").remove();

events.destroy();
for (const action of ["create", "start", "exec_die", "pause", "unpause", "die", "destroy"]) {
  assert.ok(
    actions.some((one) => one.startsWith(action)),
    `no ${action} in ${actions}`,
  );
}
