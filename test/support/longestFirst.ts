import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The files that take longest, the longest first; what isn't named takes less than these. Those with a browser come one after
 * the other, so that a process which has one tests the next of them.
 */
const longest = [
  "packages/explorer/test/train",
  "packages/explorer/test/keep",
  "packages/explorer/test/accessibility",
  "packages/explorer/test/broken",
  "packages/explorer/test/starts",
  "packages/explorer/test/files",
  "packages/explorer/test/firefox",
  "packages/explorer/test/lessons",
  "packages/explorer/test/forward",
  "packages/explorer/test/timing",
  "packages/explorer/test/drawing",
  "packages/explorer/test/graph",
  "test/browser",
  "test/ownImages",
  "test/webgpu",
  "test/report",
  "packages/explorer/test/killed.long",
  "packages/explorer/test/links",
  "packages/explorer/test/backward",
  "packages/explorer/test/offline",
  "packages/explorer/test/training",
  "packages/explorer/test/chart",
  "test/scalingPicture",
  "packages/core/test/engine/conformance",
  "packages/core/test/engine/engineThreads",
  "packages/core/test/check/checkRight",
  "packages/core/test/check/otherWays",
  "packages/cli/test/pictures",
  "packages/core/test/engine/engineProcess",
  "packages/core/test/check/mistakes",
  "packages/core/test/check/graph",
  "packages/cli/test/trainOptions",
  "test/guide",
  "packages/cli/test/terminal",
  "packages/cli/test/help",
  "test/pack",
  "packages/cli/test/data",
  "packages/cli/test/train",
  "packages/cli/test/scaling",
  "packages/core/test/training/mnist",
  "packages/cli/test/predictMnist",
  "packages/cli/test/signals",
  "test/mutations",
  "packages/core/test/node/download",
  "packages/core/test/explain/explain",
];

/**
 * Starts the long files first, so that none of them runs alone at the end while other cores have nothing left to do. Projects
 * come one after the other, as they stand in the configuration: a process ends, with all that it has imported and its browser,
 * when the next file is another project's.
 */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return found < 0 ? longest.length : found;
    };
    const project = ({ project }: TestSpecification) => project.vitest.projects.indexOf(project);
    return (await super.sort(files)).sort((a, b) => project(a) - project(b) || place(a) - place(b));
  }
}
