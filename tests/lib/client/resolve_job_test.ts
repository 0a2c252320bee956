import assert from "node:assert/strict";
import { resolveJob, wholeJobId } from "../../../lib/client/resolve_job.ts";
import { NotFoundError } from "../../../lib/errors.ts";

const IDS = ["job_abcd0001", "job_abcd0002", "job_12345678"];

function hintOf(name: string): string {
  try {
    return resolveJob(IDS, name, "sleap-rtc jobs list");
  } catch (error) {
    assert.ok(error instanceof NotFoundError);
    return error.hint ?? "";
  }
}

Deno.test("wholeJobId() takes an ID with or without job_, in any case", () => {
  assert.equal(wholeJobId(" JOB_ABCD0001 "), "job_abcd0001");
  assert.equal(wholeJobId("abcd0001"), "job_abcd0001");
  for (const name of ["abcd", "job_", "job_abcd00011", "../../x", ""]) {
    assert.equal(wholeJobId(name), null, name);
  }
});

Deno.test("resolveJob() takes an unambiguous beginning of at least four digits", () => {
  assert.equal(resolveJob(IDS, "1234", ""), "job_12345678");
  assert.equal(resolveJob(IDS, "job_1234", ""), "job_12345678");
  assert.equal(resolveJob(IDS, "ABCD0002", ""), "job_abcd0002");
});

Deno.test("resolveJob() says what there is instead", () => {
  assert.equal(hintOf("abcd"), "Name one of: job_abcd0001, job_abcd0002");
  assert.equal(hintOf("12345687"), "Did you mean job_12345678?");
  assert.equal(hintOf("123"), "At least 4 digits are needed. All jobs: sleap-rtc jobs list");
  assert.equal(hintOf("ffffffff"), "All jobs: sleap-rtc jobs list");
  assert.equal(hintOf(""), "All jobs: sleap-rtc jobs list");
});
