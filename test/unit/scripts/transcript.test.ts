import { afterEach, describe, expect, it, vi } from 'vitest';
import { InterruptedError, UserError } from '../../../scripts/kit/errors.js';
import { openTranscript, type Transcript } from '../../../scripts/kit/transcript.js';

function transcriptOf(...lines: string[]): Transcript {
  const transcript = openTranscript();
  for (const line of lines) transcript.add(line);
  return transcript;
}

describe('a transcript', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([
    ['  │ Error: no such image', 'a step of Terraform'],
    ['terraform_data.join (local-exec): error: the port is in use', 'a command of ours'],
    ['terraform_data.join (local-exec): ✗ the Raft group has a leader (60s)', 'a step of a command of ours'],
  ])('is cut to what went wrong, in plain text: %s', (line) => {
    expect(transcriptOf('Initializing', `\x1b[31m${line}\x1b[0m`, 'why').excerpt()).toBe(`${line}\nwhy`);
  });

  it('is its last lines where no error is found', () => {
    const excerpt = transcriptOf(...Array.from({ length: 100 }, (_, index) => `line ${index}`)).excerpt();
    expect(excerpt.split('\n')).toHaveLength(60);
    expect(excerpt).toMatch(/line 99$/);
  });

  it('is shown when something failed, and not when the person ended it', () => {
    const shown = vi.spyOn(console, 'error').mockReturnValue(undefined);
    transcriptOf('│ Error: x').explain(new InterruptedError('SIGINT', 'interrupted'));
    transcriptOf().explain(new UserError('nothing was begun'));
    expect(shown).not.toHaveBeenCalled();
    transcriptOf('│ Error: x').explain(new UserError('failed'));
    expect(shown).toHaveBeenCalledWith('│ Error: x');
  });
});
