/** The script of docs/plan-comment.yml, which GitHub runs: one comment per pull request, whatever became of the plan. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileFunction } from 'node:vm';
import { beforeEach, describe, expect, it } from 'vitest';

interface Comment {
  readonly id: number;
  readonly user: { readonly type: string };
  body: string;
}

type Script = (require: unknown, context: unknown, github: unknown) => Promise<void>;

const workflow = readFileSync(join(import.meta.dirname, '../../../docs/plan-comment.yml'), 'utf8');
const mine = '<!-- pgraft-plan: pgraft -->';

/** What stands below `script: |`. */
function commentScript(): Script {
  const [, text] = /^( *)script: \|\n((?:\1 .*\n?|\n)+)/m.exec(workflow)?.slice(1) ?? [];
  if (text === undefined) throw new Error('the workflow has no script');
  // as github-script runs it
  return compileFunction(`return (async () => {${text}})()`, ['require', 'context', 'github']) as unknown as Script;
}

describe('the workflow that comments on a pull request', () => {
  const comments: Comment[] = [];
  beforeEach(() => {
    comments.length = 0;
  });

  async function comment(plan: string | undefined): Promise<void> {
    const files = { existsSync: () => plan !== undefined, readFileSync: () => plan };
    const context = { repo: { owner: 'o', repo: 'r' }, issue: { number: 7 } };
    const listComments = () => undefined;
    const issues = {
      listComments,
      createComment: ({ body }: { body: string }) => {
        comments.push({ id: comments.length, user: { type: 'Bot' }, body });
      },
      updateComment: ({ comment_id, body }: { comment_id: number; body: string }) => {
        const found = comments.find(({ id }) => id === comment_id);
        if (found !== undefined) found.body = body;
      },
    };
    await commentScript()(() => files, context, { rest: { issues }, paginate: () => comments });
  }

  it('makes one comment, and keeps it up to date', async () => {
    comments.push({ id: 0, user: { type: 'User' }, body: `${mine} what somebody quotes` });
    await comment(`${mine}\n\nfirst`);
    await comment(`${mine}\n\nsecond`);
    expect(comments.map(({ body }) => body)).toEqual([`${mine} what somebody quotes`, `${mine}\n\nsecond`]);
  });

  it('keeps the comments of two clusters apart', async () => {
    await comment(`${mine}\n\nfirst`);
    await comment('<!-- pgraft-plan: shop -->\n\nsecond');
    expect(comments).toHaveLength(2);
  });

  it('marks a comment as outdated when there is no plan any more, and goes on with it', async () => {
    await comment(undefined);
    expect(comments).toEqual([]);
    await comment(`${mine}\n\nfirst`);
    await comment(undefined);
    expect(comments.map(({ body }) => body)).toEqual([
      `${mine}\n\n**Outdated**: for the newest commit there is no plan, see the failed check.`,
    ]);
    await comment(`${mine}\n\nthird`);
    expect(comments.map(({ body }) => body)).toEqual([`${mine}\n\nthird`]);
  });
});
