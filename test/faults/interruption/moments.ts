/** The moments of the campaign: ten spread over each command, from its first second to its last steps. */
import type { CommandName, Moment } from '../../support/interrupted.js';

const container = { creating: /docker_container\.\w+: Creating/, going: /docker_container\.\w+: Destroying/ };

/** Of a first deploy, by whichever command. */
export const deployMoments: readonly Moment[] = [
  { plus: 700 },
  { line: /Initializing the backend/ },
  { line: /docker_image\.node: Creating/ },
  { line: /terraform_data\.guard: Creating/, plus: 150 },
  { line: /docker_network\.network: Creating/ },
  { line: container.creating },
  { line: container.creating, plus: 300 },
  { line: /secrets handed over/ },
  { line: /primary has data and accepts connections/ },
  { line: /the Raft group has a leader/ },
];

/** Of a destroy of a healthy cluster. */
export const destroyMoments: readonly Moment[] = [
  { plus: 700 },
  { line: /Initializing the backend/ },
  { line: /terraform_data\.teardown: Destroying/ },
  { line: /terraform_data\.teardown: Destroying/, plus: 250 },
  { line: /terraform_data\.leave1: Destroying/ },
  { line: container.going },
  { line: container.going, plus: 200 },
  { line: /docker_volume\.\w+: Destroying/ },
  { line: /terraform_data\.guard: Destroying/ },
  { line: /docker_image\.node: Destroying/ },
];

export interface Pair {
  readonly up: CommandName;
  readonly down: CommandName;
}

export const pairs: readonly Pair[] = [
  { up: 'npm start', down: 'npm run destroy' },
  { up: 'cdktf deploy', down: 'cdktf destroy' },
];
