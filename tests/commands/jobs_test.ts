import assert from "node:assert/strict";
import { JobFolder } from "../../worker/job_folder.ts";
import { readRequest } from "../../worker/requests/job_request.ts";
import { cliCommand, saidUntil } from "../support/cli.ts";
import { TrainingWorld } from "../support/training.ts";

/** The epochs that a watcher was shown, in order. */
function epochsIn(stderr: string): string[] {
  return [...stderr.matchAll(/epoch (\d+)(?:\/\d+)? {2}train/g)].map(([, epoch = ""]) => epoch);
}

/** Jobs that wait in the queue of a worker that is not there, made after the only job. */
async function addWaitingJobs(world: TrainingWorld, ...jobIds: string[]): Promise<void> {
  const like = await world.job();
  const [spec, state] = [await like.readSpec(), await like.readState()];
  for (const [index, job_id] of jobIds.entries()) {
    await JobFolder.create(world.folder, { ...spec, job_id }, {
      ...state,
      job_id,
      status: "queued",
      starter: null,
      supervisor: null,
      trainer: null,
      turn: 7 + index,
      models: state.models.map(() => ({ model_id: null, status: "pending" })),
    }, new Map());
  }
}

Deno.test("train --detach prints the job's ID alone; jobs attach replays it and follows", async () => {
  await using world = await TrainingWorld.create();
  const { training, goOn } = await world.startPaused(["--detach"]);
  const { code, stdout, stderr } = await training.ended;
  assert.equal(code, 0, stderr);
  const { jobId } = await world.job();
  assert.equal(stdout, `${jobId}\n`);
  assert.match(stderr, new RegExp(`attach: sleap-rtc jobs attach ${jobId}\n$`));
  const listed = await world.cli(["jobs", "list"]);
  assert.match(listed.stdout, new RegExp(`^JOB +STATUS +MODELS +CREATED\n${jobId} +running `));
  const attached = world.cli(["jobs", "attach", jobId.slice(4, 9)]);
  await goOn();
  const end = await attached;
  assert.equal(end.code, 0, end.stderr);
  assert.deepEqual(epochsIn(end.stderr), ["1", "2", "3"]);
  const { id } = await world.model();
  assert.match(end.stdout, new RegExp(`^centroid ${id} {2}completed`));
});

Deno.test("train --detach --json, and jobs list --json with every job, newest first", async () => {
  await using world = await TrainingWorld.create();
  for (const name of ["one", "two"]) {
    const { stdout } = await world.train(["--detach", "--json", "--run-name", name]);
    const detached = JSON.parse(stdout);
    assert.deepEqual(detached, { job_id: detached.job_id, status: "queued", models: [] });
    const { code } = await world.cli(["jobs", "attach", detached.job_id, "--json"]);
    assert.equal(code, 0);
  }
  const jobs = JSON.parse((await world.cli(["jobs", "list", "--json"])).stdout);
  assert.deepEqual(
    jobs.map(({ status, worker, position }: Record<string, unknown>) => [
      status,
      worker,
      position,
    ]),
    [["succeeded", null, null], ["succeeded", null, null]],
  );
  const newest = await world.cli(["jobs", "attach", jobs[0].job_id, "--json"]);
  const { models, status } = JSON.parse(newest.stdout);
  assert.equal(status, "succeeded");
  assert.equal(models[0].run_name, "two");
});

Deno.test("two clients attached: each sees every epoch once, and one may leave", async () => {
  await using world = await TrainingWorld.create();
  const { training, goOn } = await world.startPaused(["--detach"]);
  const jobId = (await training.ended).stdout.trim();
  const staying = world.cli(["jobs", "attach", jobId]);
  const options = { cwd: world.folder };
  const leaving = cliCommand(["jobs", "attach", jobId], options).spawn();
  await saidUntil(leaving.stderr, "epoch 1/3");
  leaving.kill("SIGINT");
  assert.equal((await leaving.status).code, 130);
  await leaving.stdout.cancel();
  await goOn();
  const { code, stderr } = await staying;
  assert.equal(code, 0, stderr);
  assert.deepEqual(epochsIn(stderr), ["1", "2", "3"]);
});

Deno.test("jobs attach --from shows events from there on; beyond the end it says so", async () => {
  await using world = await TrainingWorld.create();
  assert.equal((await world.train()).code, 0);
  const job = await world.job();
  const { id } = await world.model();
  const events = (await Deno.readTextFile(job.eventsPath)).trimEnd().split("\n")
    .map((line) => JSON.parse(line));
  const second = events.find(({ type, epoch }) => type === "epoch" && epoch === 1).seq;
  const later = await world.cli(["jobs", "attach", job.jobId, "--from", String(second)]);
  assert.equal(later.code, 0, later.stderr);
  assert.deepEqual(epochsIn(later.stderr), ["2", "3"]);
  assert.ok(later.stderr.includes(`centroid ${id}  epoch 2`), "it is named all the same");
  assert.ok(!later.stderr.includes("(best)"), "nobody knows that without the epochs before");
  const beyond = await world.cli(["jobs", "attach", job.jobId, "--from", "9999"]);
  assert.equal(beyond.code, 0, beyond.stderr);
  assert.match(beyond.stderr, /warning: the job has no event 9999 yet: shown from its last one on/);
  assert.match(beyond.stdout, /completed/, "its end is shown at once");
});

Deno.test("jobs attach of a job that did not succeed: exit 6 says how to go on", async () => {
  await using world = await TrainingWorld.create({ failAt: { stage: "epoch", epoch: 1 } });
  assert.equal((await world.train()).code, 6);
  const [{ jobId }, { id }] = [await world.job(), await world.model()];
  const { code, stderr } = await world.cli(["jobs", "attach", jobId]);
  assert.equal(code, 6);
  assert.ok(
    stderr.endsWith(
      `hint: Go on with the model: sleap-rtc train --resume ${id} --local  ` +
        `The trainer's output: sleap-rtc jobs logs ${jobId}\n`,
    ),
    stderr,
  );
});

Deno.test("jobs logs prints the log as it is, --from the trainer's part, --follow to the end", async () => {
  await using world = await TrainingWorld.create();
  const { training, goOn } = await world.startPaused(["--detach"]);
  await training.ended;
  const job = await world.job();
  const following = world.cli(["jobs", "logs", job.jobId, "--follow"]);
  const now = await world.cli(["jobs", "logs", job.jobId]);
  assert.equal(now.code, 0, now.stderr);
  const before = await Deno.readTextFile(job.logPath);
  assert.ok(before.startsWith(now.stdout) && now.stdout.includes("Started training at"));
  await goOn();
  const all = await following;
  assert.equal(all.code, 0, all.stderr);
  const log = await Deno.readTextFile(job.logPath);
  assert.equal(all.stdout, log);
  const part = await world.cli(["jobs", "logs", job.jobId, "--from", "9999"]);
  assert.ok(log.endsWith(part.stdout) && part.stdout.length < log.length);
});

Deno.test("jobs logs --follow: Ctrl-C leaves with 130 and says how to attach", async () => {
  await using world = await TrainingWorld.create();
  const { training } = await world.startPaused(["--detach"]);
  const jobId = (await training.ended).stdout.trim();
  const args = ["jobs", "logs", jobId, "-f"];
  const child = cliCommand(args, { cwd: world.folder }).spawn();
  const stderr = new Response(child.stderr).text();
  await saidUntil(child.stdout, "Starting training loop");
  child.kill("SIGINT");
  assert.equal((await child.status).code, 130);
  assert.match(await stderr, new RegExp(`attach again: sleap-rtc jobs attach ${jobId}\n$`));
});

Deno.test("jobs logs on a terminal: what the trainer says does nothing to it", async () => {
  await using world = await TrainingWorld.create();
  assert.equal((await world.train()).code, 0);
  const job = await world.job();
  await Deno.writeTextFile(job.logPath, "a\tb\x1b[2J\n", { append: true });
  const child = cliCommand(["jobs", "logs", job.jobId], {
    cwd: world.folder,
    terminalOf: "python3",
  }).spawn();
  const [stdout] = await Promise.all([new Response(child.stdout).text(), child.stderr.cancel()]);
  await child.status;
  assert.match(stdout, /a\tb\\x1b\[2J\r\n$/);
});

Deno.test("jobs stop, finish and cancel are on the disk, and say what comes next", async () => {
  await using world = await TrainingWorld.create();
  const { training, goOn } = await world.startPaused(["--detach"]);
  const jobId = (await training.ended).stdout.trim();
  const finish = await world.cli(["jobs", "finish", jobId]);
  assert.equal(finish.code, 0, finish.stderr);
  assert.match(
    finish.stdout,
    /^job job_\w+ finishes its running model early.*jobs attach job_\w+\n$/,
  );
  assert.equal((await readRequest(await world.job())).finish?.model, 0);
  const stop = await world.cli(["jobs", "stop", jobId]);
  assert.match(stop.stdout, /^job job_\w+ stops after the running epoch.*jobs attach job_\w+\n$/);
  assert.equal((await readRequest(await world.job())).end?.what, "stop");
  const waiting = cliCommand(["jobs", "stop", jobId, "--wait"], { cwd: world.folder }).spawn();
  await saidUntil(waiting.stderr, "stops after the running epoch");
  await goOn();
  const stdout = await new Response(waiting.stdout).text();
  assert.equal((await waiting.status).code, 0);
  assert.match(stdout, /^centroid .*\n\nNext:\n/);
  for (const verb of ["stop", "finish", "cancel"]) {
    const late = await world.cli(["jobs", verb, jobId]);
    assert.equal(late.code, 7, `${verb}: ${late.stderr}`);
  }
});

Deno.test("a job that is not there: exit 3, did you mean; a prefix of several: exit 3", async () => {
  await using world = await TrainingWorld.create();
  assert.equal((await world.train()).code, 0);
  await addWaitingJobs(world, "job_abcd0001", "job_abcd0002");
  for (const verb of ["attach", "logs", "stop", "finish", "cancel"]) {
    const unknown = await world.cli(["jobs", verb, "job_abcd0010"]);
    assert.equal(unknown.code, 3, `${verb}: ${unknown.stderr}`);
    assert.match(unknown.stderr, /hint: Did you mean job_abcd0001 or job_abcd0002\?\n$/);
    const several = await world.cli(["jobs", verb, "abcd"]);
    assert.equal(several.code, 3, `${verb}: ${several.stderr}`);
    assert.match(several.stderr, /ambiguous: .*\nhint: Name one of: job_abcd0001, job_abcd0002\n$/);
  }
  const short = await world.cli(["jobs", "stop", "abc"]);
  assert.match(short.stderr, /At least 4 digits are needed. All jobs: sleap-rtc jobs list\n$/);
  const mistyped = await world.cli(["jobs", "stopp", "abcd"]);
  assert.equal(mistyped.code, 2);
  assert.match(mistyped.stderr, /hint: Did you mean stop\?/);
});

Deno.test("jobs that wait: their place in jobs list, and on attach until Ctrl-C", async () => {
  await using world = await TrainingWorld.create();
  assert.equal((await world.train()).code, 0);
  await addWaitingJobs(world, "job_abcd0001", "job_abcd0002");
  const { stdout } = await world.cli(["jobs", "list"]);
  assert.match(stdout, /^JOB +STATUS .*CREATED +WHY\n/);
  assert.match(stdout, /job_abcd0001 +queued \(1st\) +centroid pending +\d.*\w\n/);
  assert.match(stdout, /job_abcd0002 +queued \(2nd\)/);
  const child = cliCommand(["jobs", "attach", "job_abcd0002"], { cwd: world.folder }).spawn();
  const [saying, rest] = child.stderr.tee();
  const stderr = new Response(rest).text();
  const said = await saidUntil(saying, "in the queue");
  assert.match(said, /job job_abcd0002\nwaiting: 2nd in the queue \(/);
  child.kill("SIGINT");
  assert.equal((await child.status).code, 130);
  await child.stdout.cancel();
  assert.deepEqual((await stderr).trimEnd().split("\n").slice(-3), [
    "job job_abcd0002 waits on without this command",
    "cancel: sleap-rtc jobs cancel job_abcd0002",
    "attach again: sleap-rtc jobs attach job_abcd0002",
  ], "there is nothing to stop yet");
});

Deno.test("jobs list where there are none: nothing on stdout, [] as JSON", async () => {
  await using world = await TrainingWorld.create();
  const text = await world.cli(["jobs", "list"]);
  assert.equal(text.code, 0);
  assert.equal(text.stdout, "");
  assert.match(text.stderr, /No jobs in /);
  assert.equal((await world.cli(["jobs", "list", "--json"])).stdout, "[]\n");
});
