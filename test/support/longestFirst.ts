import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files that take longest, the longest first; what isn't named takes less than these. */
const longest = [
  "packages/explorer/test/train",
  "packages/explorer/test/accessibility",
  "packages/core/test/conformance",
  "packages/core/test/checkRight",
  "packages/explorer/test/keep",
  "test/browser",
  "test/report",
  "packages/core/test/mistakes",
  "packages/core/test/engineProcess",
  "packages/explorer/test/files",
  "packages/explorer/test/broken",
  "packages/cli/test/predictMnist",
  "packages/explorer/test/forward",
  "packages/explorer/test/drawing",
  "packages/cli/test/help",
  "test/pack",
  "packages/cli/test/badFiles",
  "packages/cli/test/trainOptions",
  "packages/cli/test/data",
  "packages/explorer/test/backward",
  "packages/core/test/explain",
  "packages/explorer/test/timing",
  "test/scalingPicture",
  "packages/explorer/test/lessons",
  "packages/core/test/report",
  "packages/core/test/engineThreads",
  "packages/explorer/test/links",
  "test/guide",
];

/** Starts the long files first, so that none of them runs alone at the end while other cores have nothing left to do. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return found < 0 ? longest.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
