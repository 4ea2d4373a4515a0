import { binary, constant, type LoopNest, load, loopNest, pmax } from "../../ir/ir.js";
import { forEachCell, type View } from "../block.js";

export function rectify(name: string, x: View, y: View): LoopNest {
  return loopNest(name, (b) =>
    forEachCell(b, x, (cellOf) => b.store(cellOf(y), pmax(load(cellOf(x)), constant(0)))),
  );
}

/** Keeps the gradient where the output `y` is positive. `dy` and `dx` may be the same. */
export function rectifyInputGradient(name: string, y: View, dy: View, dx: View): LoopNest {
  return loopNest(name, (b) =>
    forEachCell(b, y, (cellOf) => {
      const open = binary("gt", load(cellOf(y)), constant(0));
      b.store(cellOf(dx), binary("and", load(cellOf(dy)), open));
    }),
  );
}
