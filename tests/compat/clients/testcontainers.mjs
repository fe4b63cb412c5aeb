/** testcontainers against DOCKER_HOST: a container with a mapped port and a wait strategy, exec, logs, copy, and its end. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { connect } from "node:net";

const { GenericContainer, Wait } = createRequire(`${process.env.CLIENTS}/`)("testcontainers");

const server = "echo ready; while :; do echo answer | nc -l -p 8080; done";
const started = await new GenericContainer("hyperbox/base:latest")
  .withCommand(["sh", "-c", server])
  .withExposedPorts(8080)
  .withEnvironment({ WHO: "testcontainers" })
  .withCopyContentToContainer([{ content: "copied", target: "/tmp/copied" }])
  .withWaitStrategy(Wait.forLogMessage("ready"))
  .start();

const answer = await new Promise((resolve, reject) => {
  let text = "";
  const socket = connect(started.getMappedPort(8080), started.getHost());
  socket.on("data", (chunk) => {
    text += chunk;
  });
  socket.on("end", () => resolve(text));
  socket.on("error", reject);
});
assert.equal(answer, "answer\n");
assert.equal((await started.exec(["sh", "-c", "echo $WHO"])).output, "testcontainers\n");
assert.equal((await started.exec(["cat", "/tmp/copied"])).output, "copied");
assert.equal((await started.exec(["false"])).exitCode, 1);
const stopped = await started.stop();
assert.ok(stopped.getId().length === 64);
