/*
 * Letters of 5x7 dots, as small displays have them: what stands under pictures on a sheet. A letter's five columns from the left,
 * each a byte whose lowest bit is the topmost dot.
 */

/** Dots of a letter, and how far one begins after the other. */
export const LETTER = { width: 5, height: 8, step: 6 } as const;

/** From the space to the tilde. */
const COLUMNS =
  "0000000000 00005f0000 0007000700 147f147f14 242a7f2a12 2313086462 3649562050 0008070300 001c224100 0041221c00 " +
  "2a1c7f1c2a 08083e0808 0080703000 0808080808 0000606000 2010080402 3e5149453e 00427f4000 7249494946 2141494d33 " +
  "1814127f10 2745454539 3c4a494931 4121110907 3649494936 464949291e 0000140000 0040340000 0008142241 1414141414 " +
  "0041221408 0201590906 3e415d594e 7c1211127c 7f49494936 3e41414122 7f4141413e 7f49494941 7f09090901 3e41415173 " +
  "7f0808087f 00417f4100 2040413f01 7f08142241 7f40404040 7f021c027f 7f0408107f 3e4141413e 7f09090906 3e4151215e " +
  "7f09192946 2649494932 03017f0103 3f4040403f 1f2040201f 3f4038403f 6314081463 0304780403 6159494d43 007f414141 " +
  "0204081020 004141417f 0402010204 4040404040 0003070800 2054547840 7f28444438 3844444428 384444287f 3854545418 " +
  "00087e0902 18a4a49c78 7f08040478 00447d4000 2040403d00 7f10284400 00417f4000 7c04780478 7c08040478 3844444438 " +
  "fc18242418 18242418fc 7c08040408 4854545424 04043f4424 3c4040207c 1c2040201c 3c4030403c 4428102844 4c9090907c " +
  "4464544c44 0008364100 0000770000 0041360800 0201020402";

const letters = COLUMNS.split(" ").map(
  (columns) => columns.match(/../g)?.map((byte) => Number.parseInt(byte, 16)) ?? [],
);
/** Stands for what has no letter here. */
const BOX = [0x7f, 0x41, 0x41, 0x41, 0x7f];

/** Calls `dot` for each dot of a line of text whose left upper corner is (0, 0). */
export function drawText(text: string, dot: (x: number, y: number) => void): void {
  for (const [k, letter] of [...text].entries()) {
    const columns = letters[(letter.codePointAt(0) as number) - 32] ?? BOX;
    for (const [x, column] of columns.entries()) {
      for (let y = 0; y < LETTER.height; y++) if ((column >> y) & 1) dot(k * LETTER.step + x, y);
    }
  }
}

/** A name in at most so many letters: its end says more than its beginning. */
export function shortened(name: string, most: number): string {
  const all = [...name.normalize("NFKD").replace(/\p{Mn}/gu, "")];
  return all.length <= most ? all.join("") : `~${all.slice(all.length - most + 1).join("")}`;
}
