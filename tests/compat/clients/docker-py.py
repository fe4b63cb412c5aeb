"""docker-py against DOCKER_HOST: what its users do all day. Ends with 1 at the first thing that is not as Docker's."""
import io
import os
import sys
import tarfile

sys.path.insert(0, os.path.join(os.environ["CLIENTS"], "py"))
import docker  # noqa: E402

client = docker.from_env()
image = "hyperbox/base"
assert client.ping()
assert client.containers.run(image, ["sh", "-c", "echo out; echo err >&2"], remove=True, stderr=True) == b"out\nerr\n"
try:
    client.containers.run(image, ["sh", "-c", "echo bad >&2; exit 3"], remove=True)
    raise SystemExit("a failing command was not told of")
except docker.errors.ContainerError as error:
    assert (error.exit_status, error.stderr) == (3, b"bad\n")
try:
    client.containers.get("nothing-here")
    raise SystemExit("a missing container was not told of")
except docker.errors.NotFound:
    pass

ticking = client.containers.run(
    image, ["sh", "-c", "while :; do echo tick; sleep 0.05; done"],
    detach=True, name="ticking", labels={"what": "py"}, ports={"80/tcp": None}, environment={"A": "1"},
    mem_limit="64m", volumes={"held": {"bind": "/d", "mode": "rw"}},
)
# Python's HTTP reads ahead: what follows the head of an upgrade too fast would be lost.
for _ in range(20):
    done = ticking.exec_run(["sh", "-c", "echo o; echo e >&2; exit 4"], demux=True)
    assert (done.exit_code, done.output) == (4, (b"o\n", b"e\n")), done
assert ticking.exec_run("env", environment={"B": "2"}).output.count(b"=") >= 3
following = ticking.logs(stream=True, follow=True)
assert next(following) == b"tick\n"
following.close()
assert ticking.stats(stream=False)["memory_stats"]["limit"] == 64 << 20
ticking.reload()
assert ticking.status == "running" and ticking.ports["80/tcp"][0]["HostPort"]

packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode="w") as tar:
    entry = tarfile.TarInfo("f")
    entry.size = 3
    tar.addfile(entry, io.BytesIO(b"abc"))
assert ticking.put_archive("/tmp", packed.getvalue())
chunks, stat = ticking.get_archive("/tmp/f")
assert stat["size"] == 3
with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
    assert tar.extractfile("f").read() == b"abc"

made = ticking.commit("made/py", "1")
assert made.tags == ["made/py:1"] and len(b"".join(made.save())) > 1024
client.images.remove("made/py:1")
ticking.stop(timeout=0)
assert ticking.wait()["StatusCode"] == 137
ticking.remove(v=True)
client.volumes.get("held").remove()
network = client.networks.create("own-py")
assert network.attrs["Driver"] == "bridge"
network.remove()
assert client.df()["LayersSize"] > 0
