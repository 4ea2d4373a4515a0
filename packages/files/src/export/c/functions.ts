import { cRemark } from "../source/c.js";
import { type PoolStyle, parts, type Style } from "../source/style.js";
import { wrapped } from "../source/wrap.js";

/*
 * The functions that a program in C may have: how layers work. In their text a `@` stands for what all names begin with. An image
 * is x[c][p][q], row by row, channel by channel.
 */

const STEP = "    ";

/** A function; `body` is indented by its braces. */
function define(says: string, head: string, body: readonly string[]): string[] {
  let depth = 1;
  const lines = body.map((line) => {
    if (line.startsWith("}")) depth--;
    const text = STEP.repeat(depth) + line;
    if (line.endsWith("{")) depth++;
    return text;
  });
  return [...cRemark(says), ...wrapped(`static inline void @${head}`, "", ""), "{", ...lines, "}"];
}

/** A function of one number, for n of them; `y` may be `x`. */
const elementwise = (name: string, says: string, value: readonly string[], more = "") =>
  define(says, `${name}(const float *x, int n, ${more}float *y)`, [
    "for (int k = 0; k < n; k++) {",
    ...value,
    "}",
  ]);

const corner = ({ sides }: Style): readonly [string, string] =>
  sides ? ["top", "left"] : ["padding", "padding"];

/** `int stride_y, int stride_x, ` */
const integers = (isThere: boolean, [first, second]: readonly [string, string]) =>
  !isThere ? "" : first === second ? `int ${first}, ` : `int ${first}, int ${second}, `;

const times = (index: string, isThere: boolean, factor: string) => (isThere ? `${index} * ${factor}` : index);

function conv2d(style: Style): string[] {
  const { conv } = style;
  const [strides, dilations, corners] = [parts(style, "stride"), parts(style, "dilation"), corner(style)];
  const place = (output: string, cell: string, k: 0 | 1) =>
    `${times(output, conv.stride, strides[k])} + ${times(cell, conv.dilation, dilations[k])}${conv.padding ? ` - ${corners[k]}` : ""}`;
  const start = { all: "bias[o]", some: "bias != NULL ? bias[o] : 0.0f", none: "0.0f" }[conv.bias];
  const channel = conv.groups ? "(first + c)" : "c";
  return define(
    `y[o][i][j] = ${conv.bias === "none" ? "" : "bias[o] + "}the sum over c, u, v of weight[o][c][u][v] * x[c][p][q], where p = ${place("i", "u", 0)} and q = ${place("j", "v", 1)}${conv.padding ? "; what lies outside of the image is 0" : ""}.${conv.groups ? " In groups, channels and filters are split: c runs over the K channels of the filter's own group." : ""}`,
    `conv2d(const float *x, int C, int H, int W, const float *weight, ${conv.bias === "none" ? "" : "const float *bias, "}int O, int U, int V, ${integers(conv.stride, strides)}${integers(conv.padding, corners)}${integers(conv.dilation, dilations)}${conv.groups ? "int groups, " : ""}int I, int J, float *y)`,
    [
      ...(conv.groups ? ["const int K = C / groups;"] : []),
      "for (int o = 0; o < O; o++) {",
      ...(conv.groups ? ["const int first = o / (O / groups) * K;"] : []),
      "for (int i = 0; i < I; i++) {",
      "for (int j = 0; j < J; j++) {",
      `float sum = ${start};`,
      `for (int c = 0; c < ${conv.groups ? "K" : "C"}; c++) {`,
      "for (int u = 0; u < U; u++) {",
      `const int p = ${place("i", "u", 0)};`,
      ...(conv.padding ? ["if (p < 0 || p >= H) continue;"] : []),
      "for (int v = 0; v < V; v++) {",
      `const int q = ${place("j", "v", 1)};`,
      ...(conv.padding ? ["if (q < 0 || q >= W) continue;"] : []),
      `sum += weight[((o * ${conv.groups ? "K" : "C"} + c) * U + u) * V + v]`,
      `    * x[(${channel} * H + p) * W + q];`,
      "}",
      "}",
      "}",
      "y[(o * I + i) * J + j] = sum;",
      "}",
      "}",
      "}",
    ],
  );
}

function pool(
  style: Style,
  pool: PoolStyle,
  name: string,
  says: string,
  [start, cell, end]: readonly [string, string, (size: readonly [string, string]) => string],
): string[] {
  const sizes = parts(style, "size");
  const strides = pool.stride ? parts(style, "stride") : sizes;
  const corners = corner(style);
  const place = (output: string, cell: string, k: 0 | 1) =>
    `${output} * ${strides[k]} + ${cell}${pool.padding ? ` - ${corners[k]}` : ""}`;
  return define(
    says,
    `${name}(const float *x, int C, int H, int W, ${integers(true, sizes)}${integers(pool.stride, strides)}${integers(pool.padding, corners)}int I, int J, float *y)`,
    [
      "for (int c = 0; c < C; c++) {",
      "for (int i = 0; i < I; i++) {",
      "for (int j = 0; j < J; j++) {",
      start,
      `for (int u = 0; u < ${sizes[0]}; u++) {`,
      `const int p = ${place("i", "u", 0)};`,
      ...(pool.padding ? ["if (p < 0 || p >= H) continue;"] : []),
      `for (int v = 0; v < ${sizes[1]}; v++) {`,
      `const int q = ${place("j", "v", 1)};`,
      ...(pool.padding ? ["if (q < 0 || q >= W) continue;"] : []),
      cell,
      "}",
      "}",
      `y[(c * I + i) * J + j] = ${end(sizes)};`,
      "}",
      "}",
      "}",
    ],
  );
}

const logistic = ["const float e = expf(-fabsf(x[k])); /* never overflows */"];
const SIGMOID = "(x[k] > 0.0f ? 1.0f : e) / (1.0f + e)";

/** Functions of C, each as its lines, by the names that layers ask for. */
export const cFunctions = {
  normalise: () =>
    define(
      "Pixels less the mean of their channel, divided by its deviation.",
      "normalise(const float *pixels, int C, int n, const float *mean, const float *deviation, float *y)",
      [
        "for (int c = 0; c < C; c++) {",
        "for (int k = c * n; k < (c + 1) * n; k++) {",
        "y[k] = (pixels[k] - mean[c]) / deviation[c];",
        "}",
        "}",
      ],
    ),
  conv2d,
  max_pool2d: (style: Style) =>
    pool(style, style.maxPool, "max_pool2d", "y[c][i][j] = the largest number of its window.", [
      "float largest = -INFINITY;",
      "largest = fmaxf(largest, x[(c * H + p) * W + q]);",
      () => "largest",
    ]),
  average_pool2d: (style: Style) =>
    pool(
      style,
      style.averagePool,
      "average_pool2d",
      `y[c][i][j] = the mean of its window${style.averagePool.padding ? ", in which what lies outside of the image counts as 0" : ""}.`,
      ["float sum = 0.0f;", "sum += x[(c * H + p) * W + q];", ([U, V]) => `sum / (float)(${U} * ${V})`],
    ),
  global_average_pool2d: () =>
    define(
      "y[c] = the mean of the n numbers of a channel.",
      "global_average_pool2d(const float *x, int C, int n, float *y)",
      [
        "for (int c = 0; c < C; c++) {",
        "float sum = 0.0f;",
        "for (int k = 0; k < n; k++) {",
        "sum += x[c * n + k];",
        "}",
        "y[c] = sum / (float)n;",
        "}",
      ],
    ),
  relu: () => elementwise("relu", "y = max(0, x)", ["y[k] = x[k] > 0.0f ? x[k] : 0.0f;"]),
  leaky_relu: () =>
    elementwise(
      "leaky_relu",
      "y = x where x is above 0, else slope * x",
      ["y[k] = x[k] > 0.0f ? x[k] : slope * x[k];"],
      "float slope, ",
    ),
  relu6: () => elementwise("relu6", "y = min(6, max(0, x))", ["y[k] = fminf(6.0f, fmaxf(0.0f, x[k]));"]),
  sigmoid: () => elementwise("sigmoid", "y = 1 / (1 + e^-x)", [...logistic, `y[k] = ${SIGMOID};`]),
  tanh: () => elementwise("tanh", "y = tanh(x)", ["y[k] = tanhf(x[k]);"]),
  silu: () => elementwise("silu", "y = x * sigmoid(x)", [...logistic, `y[k] = x[k] * ${SIGMOID};`]),
  gelu: () =>
    elementwise("gelu", "y = x * the probability that a standard normal number is below x", [
      "y[k] = 0.5f * x[k] * erfcf(-0.707106781f * x[k]);",
    ]),
  gelu_tanh: () =>
    elementwise("gelu_tanh", "y = x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2", [
      "const float u = 0.797884561f * (x[k] + 0.044715f * x[k] * x[k] * x[k]);",
      "y[k] = 0.5f * x[k] * (1.0f + tanhf(u));",
    ]),
  scale: () =>
    define(
      "Batch normalisation: the n numbers of a channel times its factor, plus its shift.",
      "scale(const float *x, int C, int n, const float *factor, const float *shift, float *y)",
      [
        "for (int c = 0; c < C; c++) {",
        "for (int k = c * n; k < (c + 1) * n; k++) {",
        "y[k] = factor[c] * x[k] + shift[c];",
        "}",
        "}",
      ],
    ),
  add: () =>
    define("y = a + b", "add(const float *a, const float *b, int n, float *y)", [
      "for (int k = 0; k < n; k++) {",
      "y[k] = a[k] + b[k];",
      "}",
    ]),
  dense: ({ denseBias }: Style) =>
    define(
      `y[o] = ${denseBias === "none" ? "" : "bias[o] + "}the sum over k of weight[o][k] * x[k]`,
      `dense(const float *x, int n, const float *weight, ${denseBias === "none" ? "" : "const float *bias, "}int O, float *y)`,
      [
        "for (int o = 0; o < O; o++) {",
        `float sum = ${{ all: "bias[o]", some: "bias != NULL ? bias[o] : 0.0f", none: "0.0f" }[denseBias]};`,
        "for (int k = 0; k < n; k++) {",
        "sum += weight[o * n + k] * x[k];",
        "}",
        "y[o] = sum;",
        "}",
      ],
    ),
  softmax: () =>
    define(
      "Scores become probabilities: e^score / the sum of all of these. The largest score is taken off first, which changes nothing, so that no e^... overflows.",
      "softmax(float *scores, int n)",
      [
        "float largest = scores[0];",
        "float sum = 0.0f;",
        "for (int k = 1; k < n; k++) {",
        "largest = fmaxf(largest, scores[k]);",
        "}",
        "for (int k = 0; k < n; k++) {",
        "scores[k] = expf(scores[k] - largest);",
        "sum += scores[k];",
        "}",
        "for (int k = 0; k < n; k++) {",
        "scores[k] /= sum;",
        "}",
      ],
    ),
} satisfies Readonly<Record<string, (style: Style) => string[]>>;

export type CFunctionName = keyof typeof cFunctions;
