import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files that take longest, the longest first; what isn't named takes less than these. */
const longest = [
  "packages/core/test/explain",
  "packages/core/test/conformance",
  "packages/cli/test/explain",
  "test/guide",
  "test/report",
  "packages/core/test/engineProcess",
  "packages/cli/test/scaling",
  "test/browser",
  "packages/cli/test/trainOptions",
  "packages/explorer/test/broken",
  "packages/cli/test/check",
  "packages/core/test/checkRight",
  "packages/cli/test/predict",
  "packages/core/test/engineFuzz",
  "packages/explorer/test/train",
  "packages/explorer/test/forward",
  "packages/explorer/test/files",
  "packages/cli/test/data",
  "packages/cli/test/predictDecoders",
  "packages/core/test/mistakes",
  "packages/cli/test/help",
  "packages/explorer/test/backward",
  "packages/explorer/test/timing",
  "packages/core/test/report",
  "packages/cli/test/predictMnist",
  "packages/cli/test/train",
  "packages/core/test/engineThreads",
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
