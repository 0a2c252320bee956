import assert from "node:assert/strict";
import { lastError } from "../../../../lib/sleap_nn/trainer_log/last_error.ts";

interface RecordedFailure {
  case: string;
  log: string[];
  error: string | null;
}

const url = new URL("../../../fixtures/trainer_failures.jsonl", import.meta.url);
for (const line of (await Deno.readTextFile(url)).trimEnd().split("\n")) {
  const failure: RecordedFailure = JSON.parse(line);
  Deno.test(`lastError() of the recorded case ${failure.case}`, () => {
    assert.equal(lastError(failure.log.join("\n")), failure.error);
    assert.equal(lastError(failure.log.join("\r\n") + "\r\n"), failure.error);
  });
}

Deno.test("lastError() takes any exception that ends a traceback", () => {
  const text = `Traceback (most recent call last):
  File "a.py", line 1, in <module>
    raise Stop
omegaconf.errors.MissingMandatoryValue: Missing mandatory value: a.b
    full_key: a.b
`;
  assert.equal(
    lastError(text),
    "omegaconf.errors.MissingMandatoryValue: Missing mandatory value: a.b\n    full_key: a.b",
  );
});

Deno.test("lastError() takes the last of several errors", () => {
  const text = `KeyError: 'a'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 2, in f
ValueError: second
`;
  assert.equal(lastError(text), "ValueError: second");
  assert.match(lastError(`${text}\nAborted.\n`) ?? "", /^Aborted\. \(/);
  assert.equal(lastError(`Aborted!\n${text}`), "ValueError: second");
});

Deno.test("lastError() ends a message at lines that do not belong to it", () => {
  const foreign = [
    "2026-11-23 22:50:20 | Finished training loop.",
    "2026-11-24T08:00:00.000Z WARN supervisor: the trainer has ended",
    "/lib/resource_tracker.py:254: UserWarning: leaked",
    "wandb: View run at …",
    '{"error": true}',
    "Exception ignored in: <function f>",
  ];
  for (const line of foreign) {
    assert.equal(lastError(`ValueError: first\nsecond\n${line}`), "ValueError: first\nsecond");
  }
});

Deno.test("lastError() passes over exceptions that the interpreter ignored at its end", () => {
  const text = `RuntimeError: the real one
Exception ignored in: <function _Loader.__del__ at 0x7f>
Traceback (most recent call last):
  File "b.py", line 3, in __del__
AttributeError: 'NoneType' object has no attribute 'close'
`;
  assert.equal(lastError(text), "RuntimeError: the real one");
});

Deno.test("lastError() drops colours, progress bars and rank prefixes", () => {
  assert.equal(
    lastError("Epoch 0:  10%\rEpoch 0:  20%\rValueError: a\x1b[1mb\x1b[0m"),
    "ValueError: ab",
  );
  assert.equal(lastError("[rank0]: ValueError: in a group"), "ValueError: in a group");
});

Deno.test("lastError() joins the lines of a box", () => {
  const text = `╭─ Error ────────╮
│ Invalid value  │
│ for '--config' │
╰────────────────╯`;
  assert.equal(lastError(text), "Invalid value for '--config'");
  assert.equal(lastError("╭─ Error ─╮\n│ torn"), "torn");
});

Deno.test("lastError() shortens long lines and long messages", () => {
  const text = `RuntimeError: ${"x".repeat(1000)}\n${"\tsize mismatch\n".repeat(20)}`;
  const lines = (lastError(text) ?? "").split("\n");
  assert.equal(lines.length, 7);
  assert.equal(lines[0]?.length, 501);
  assert.equal(lines[6], "… and 15 more lines");
});

Deno.test("lastError() finds nothing in ordinary output", () => {
  const text =
    "Error executing job\nno Error: here\n  ValueError: quoted\nDetected KeyboardInterrupt, …";
  assert.equal(lastError(text), null);
  assert.equal(lastError(""), null);
});
