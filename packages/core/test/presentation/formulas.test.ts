import { expect, test } from "vitest";
import { explain } from "../../src/explain/explain.js";
import { defineModel } from "../../src/graph/model.js";
import { initialParameters } from "../../src/graph/parameters.js";
import { formulaOf } from "../../src/presentation/formulas.js";
import { trace } from "../../src/reference/trace.js";
import { tensor } from "../../src/tensor.js";

const model = defineModel({
  input: [1, 8, 8],
  layers: [
    { type: "conv2d", filters: 2, kernel: 3, stride: 2, padding: 1 },
    { type: "relu" },
    { type: "conv2d", filters: 2, kernel: 3, padding: 1, bias: false },
    { type: "add", from: ["relu1", "conv2"] },
    { type: "averagePool2d", size: 3, stride: 2, padding: 1 },
    { type: "flatten" },
    { type: "dense", units: 3 },
  ],
});
const pixels = Array.from({ length: 64 }, (_, k) => (k % 7) / 7);
const step = trace(model, initialParameters(model, 0), tensor([1, 1, 8, 8], pixels), [1]);

/** The formula of a tensor's first cell as it reads without its markup. */
function read(name: string): string | undefined {
  const index = step.tensors[name].shape.map(() => 0);
  return formulaOf(explain(step, { tensor: name, index }), model)?.replace(/<[^>]*>/g, "");
}

const modal = defineModel({
  input: [1, 3, 3],
  layers: [
    { type: "batchNorm2d" },
    { type: "dropout", rate: 0.75 },
    { type: "flatten" },
    { type: "batchNorm1d" },
    { type: "dense", units: 2 },
  ],
});
const batch = tensor(
  [2, 1, 3, 3],
  Array.from({ length: 18 }, (_, k) => (k % 7) / 7),
);

test.each([
  ["norm1.out", "y=weightx^+bias,x^=x−meanvariance+eps", "y=weightx^+bias,x^=x−meanvariance+eps"],
  ["grad.norm1.weight", "dweight=∑n,p,qdyx^", "dweight=∑n,p,qdyx^"],
  ["grad.norm2.bias", "dbias=∑ndy", "dbias=∑ndy"],
  ["grad.flatten1.out", "dx=weightvariance+eps(dy−1m∑ndy−x^1m∑ndyx^)", "dx=weightvariance+epsdy"],
  ["dropout1.out", "y=x0.25where it is kept, else 0", "y=x"],
  ["grad.norm1.out", "dx=dy0.25where it is kept, else 0", "dx=dy"],
])("the formula of %s in training and in evaluation", (name, inTraining, inEvaluation) => {
  for (const [mode, formula] of [
    ["training", inTraining],
    ["evaluation", inEvaluation],
  ] as const) {
    const step = trace(modal, initialParameters(modal, 0), batch, [1, 0], { mode });
    const index = step.tensors[name].shape.map(() => 0);
    const found = formulaOf(explain(step, { tensor: name, index }), modal);
    expect(found?.replace(/<[^>]*>/g, "")).toBe(formula);
  }
});

test.each([
  ["x", undefined],
  ["conv1.weight", undefined],
  ["conv1.out", "yo,i,j=biaso+∑c,u,vweighto,c,u,vxc,2i+u−1,2j+v−1"],
  ["conv2.out", "yo,i,j=∑c,u,vweighto,c,u,vxc,i+u−1,j+v−1"],
  ["relu1.out", "y=max(x,0)"],
  ["add1.out", "y=x1+x2"],
  ["avgpool1.out", "yc,i,j=19∑u,vxc,2i+u−1,2j+v−1"],
  ["flatten1.out", undefined],
  ["fc1.out", "yo=biaso+∑kweighto,kxk"],
  ["grad.fc1.out", "dzk=pk−ykN"],
  ["grad.fc1.weight", "dweighto,k=∑ndyn,oxn,k"],
  ["grad.flatten1.out", "dxk=∑oweighto,kdyo"],
  ["grad.avgpool1.out", undefined],
  ["grad.add1.out", "dx=19∑windows over itdy"],
  ["grad.conv2.out", "dx=dy"],
  ["grad.relu1.out", "dx=dxconv2+dxadd1"],
  ["grad.conv1.bias", "dbias=∑all usesdy"],
  ["grad.x", "dxc,p,q=∑o,u,vweighto,c,u,vdyo,(p+1−u)/2,(q+1−v)/2"],
])("the formula of %s", (name, formula) => expect(read(name)).toBe(formula));

test("the formulas of global average-pooling", () => {
  const model = defineModel({ input: [2, 2, 4], layers: [{ type: "globalAveragePool2d" }] });
  const x = tensor([1, 2, 2, 4], pixels.slice(0, 16));
  const pooled = trace(model, {}, x, [1]);
  const read = (name: string, index: number[]) =>
    formulaOf(explain(pooled, { tensor: name, index }), model)?.replace(/<[^>]*>/g, "");
  expect(read("gap1.out", [0, 1])).toBe("yc=18∑p,qxc,p,q");
  expect(read("grad.x", [0, 1, 0, 0])).toBe("dxc,p,q=18dyc");
});

test.each([
  ["sigmoid", {}, "y=11+e−x", "dx=y(1−y)dy"],
  ["tanh", {}, "y=tanh(x)", "dx=(1−y2)dy"],
  ["silu", {}, "y=xσ(x)", "dx=σ(x)(1+x(1−σ(x)))dy"],
  ["gelu", {}, "y=xΦ(x)=x2(1+erf(x2))", "dx=(Φ(x)+xΦ′(x))dy"],
  ["gelu", { approximate: "tanh" }, "y=xΦ(x)=x2(1+tanh(2π(x+0.044715x3)))", "dx=(Φ(x)+xΦ′(x))dy"],
] as const)("the formulas of %s, %j", (type, options, forward, backward) => {
  const model = defineModel({
    input: [1, 2, 2],
    layers: [{ type, ...options }, { type: "flatten" }, { type: "dense", units: 2 }],
  });
  const step = trace(model, initialParameters(model, 0), tensor([1, 1, 2, 2], [0.1, 0.2, 0.3, 0.4]), [1]);
  const index = [0, 0, 0, 0];
  const read = (name: string) =>
    formulaOf(explain(step, { tensor: name, index }), model)?.replace(/<[^>]*>/g, "");
  expect([read(`${type}1.out`), read("grad.x")]).toEqual([forward, backward]);
});
