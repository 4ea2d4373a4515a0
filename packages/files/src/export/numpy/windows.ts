import { docstring } from "../source/python.js";
import { type PoolStyle, parts, type Style, unpacked } from "../source/style.js";
import { WIDTH, wrapped } from "../source/wrap.js";

/* Python's functions for convolutions and pools. */

/** Window cells times a stride or dilation, where there is one: `2 * i`. */
const times = (factor: string | undefined, index: string) =>
  factor === undefined ? index : `${factor} * ${index}`;

/** `under(u, v, I, J)`: which pixels a cell of a window meets. */
export function under(style: Style): string[] {
  const { conv } = style;
  const pools = usesPools(style);
  const strides = conv.stride || pools;
  const [down, right] = strides ? parts(style, "stride") : [];
  const [dilationY, dilationX] = conv.dilation ? parts(style, "dilation") : [];
  const one = style.pairs ? "(1, 1)" : "1";
  const parameters = [
    "u",
    "v",
    "I",
    "J",
    ...(strides ? [conv.used && !conv.stride ? `stride=${one}` : "stride"] : []),
    ...(conv.dilation ? [pools ? `dilation=${one}` : "dilation"] : []),
  ];
  const range = (cell: string, count: string, step: string | undefined, dilation: string | undefined) => {
    const first = times(dilation, cell);
    return step === undefined
      ? `${first} : ${first} + ${count}`
      : `${first} : ${first} + ${step} * ${count} : ${step}`;
  };
  const rows = range("u", "I", down, dilationY);
  const columns = range("v", "J", right, dilationX);
  const slices = `    return np.s_[..., ${rows}, ${columns}]`;
  const lines =
    slices.length <= WIDTH
      ? [slices]
      : [
          `    rows = slice(${asSlice(rows)})`,
          `    columns = slice(${asSlice(columns)})`,
          "    return np.s_[..., rows, columns]",
        ];
  return [
    `def under(${parameters.join(", ")}):`,
    ...docstring([
      "The pixels that cell (u, v) of a window lies on while it moves over the image: one for each output (i, j), I times J.",
    ]),
    ...unpacked(style, strides && "stride", conv.dilation && "dilation"),
    ...lines,
  ];
}

const asSlice = (range: string) => range.replaceAll(" : ", ", ");

export const usesPools = ({ maxPool, averagePool }: Style): boolean => maxPool.used || averagePool.used;

/** `pad(x, padding)`, with a value where max-pools need one. */
export function pad(style: Style): string[] {
  const { sides, maxPool } = style;
  const rows = sides ? "(top, bottom), (left, right)" : "(padding, padding), (padding, padding)";
  return [
    `def pad(x, padding${maxPool.padding ? ", value=0" : ""}):`,
    ...docstring([
      sides
        ? `Empty rows and columns around each image; padding is (top, right, bottom, left).`
        : "So many empty rows and columns around each image.",
    ]),
    ...(sides ? ["    top, right, bottom, left = padding"] : []),
    `    border = ((0, 0), (0, 0), ${rows})`,
    `    return np.pad(x, border${maxPool.padding ? ", constant_values=value" : ""})`,
  ];
}

/** `unpad(x, padding)` */
export function unpad({ sides }: Style): string[] {
  return [
    "def unpad(x, padding):",
    ...docstring(["What is left when the border that pad made is cut off."]),
    "    H, W = x.shape[2:]",
    ...(sides
      ? ["    top, right, bottom, left = padding", "    return x[:, :, top : H - bottom, left : W - right]"]
      : ["    return x[:, :, padding : H - padding, padding : W - padding]"]),
  ];
}

/** How often a window fits: `(H - U) // stride + 1`. */
function fits(length: string, kernel: string, step: string | undefined, dilation?: string): string {
  const free = dilation === undefined ? `${length} - ${kernel}` : `${length} - ${dilation} * (${kernel} - 1)`;
  if (step !== undefined) return `(${free}${dilation === undefined ? "" : " - 1"}) // ${step} + 1`;
  return dilation === undefined ? `${free} + 1` : free;
}

/** How many outputs there are in each direction, on one line if it isn't too long. */
function sizes(rows: string, columns: string): string[] {
  const line = `    I, J = ${rows}, ${columns}`;
  return line.length <= WIDTH ? [line] : [`    I = ${rows}`, `    J = ${columns}`];
}

export function conv2d(style: Style): string[] {
  const { conv } = style;
  const [down, right] = conv.stride ? parts(style, "stride") : [];
  const [dilationY, dilationX] = conv.dilation ? parts(style, "dilation") : [];
  const place = `${times(down, "i")} + ${times(dilationY, "u")}, ${times(right, "j")} + ${times(dilationX, "v")}`;
  const bias = conv.bias === "none" ? "" : "bias[o] + ";
  const sums = conv.groups
    ? 'np.einsum("gok,ngkij->ngoij", weight[..., u, v], x[pixels])'
    : 'np.einsum("oc,ncij->noij", weight[:, :, u, v], x[pixels])';
  const out = conv.groups ? "out.reshape(N, O, I, J)" : "out";
  return [
    ...wrapped(`def conv2d(x, weight${biasParameter(conv.bias)}${convParameters(style)}):`),
    ...docstring([
      `out[n, o, i, j] = ${bias}the sum over c, u, v of`,
      `    weight[o, c, u, v] * x[n, c, ${place}]`,
      ...(conv.groups
        ? ["", "In groups, channels and filters are split, and a filter sees the channels of its own group."]
        : []),
    ]),
    ...(conv.padding ? ["    x = pad(x, padding)"] : []),
    ...unpacked(style, conv.stride && "stride", conv.dilation && "dilation"),
    "    N, C, H, W = x.shape",
    `    O, ${conv.groups ? "K" : "C"}, U, V = weight.shape`,
    ...sizes(fits("H", "U", down, dilationY), fits("W", "V", right, dilationX)),
    ...(conv.groups ? splitInGroups() : []),
    conv.groups
      ? "    out = np.zeros((N, groups, O // groups, I, J), x.dtype)"
      : "    out = np.zeros((N, O, I, J), x.dtype)",
    "    for u, v in np.ndindex(U, V):  # each cell of the kernel",
    `        pixels = ${underCall(style)}`,
    `        out += ${sums}`,
    ...(conv.bias === "all" ? [`    return ${out} + bias[:, None, None]`] : []),
    ...(conv.bias === "some"
      ? [
          ...(conv.groups ? [`    out = ${out}`] : []),
          "    return out if bias is None else out + bias[:, None, None]",
        ]
      : []),
    ...(conv.bias === "none" ? [`    return ${out}`] : []),
  ];
}

export function conv2dBackward(style: Style): string[] {
  const { conv } = style;
  const gradX = `${conv.groups ? "grad_x.reshape(N, C, H, W)" : "grad_x"}`;
  const inner = conv.padding ? `unpad(${gradX}, padding)` : gradX;
  const gradWeight = conv.groups ? "grad_weight.reshape(O, K, U, V)" : "grad_weight";
  const results = [inner, gradWeight, ...(conv.bias === "none" ? [] : ["grad_bias"])];
  return [
    ...wrapped(`def conv2d_backward(grad_out, x, weight${convParameters(style)}):`),
    ...docstring([
      "Forward, each weight met one pixel for each output: out += weight * pixel. So backward",
      "",
      "    grad_weight += grad_out * pixel    summed over all outputs and images it was used for",
      "    grad_pixel  += weight * grad_out   summed over all outputs that the pixel went into",
      "",
      `over the same cells (u, v) as forward: nothing has to be flipped.${conv.bias === "none" ? "" : " A bias went into each output as it is."}`,
    ]),
    ...(conv.padding ? ["    x = pad(x, padding)"] : []),
    ...(conv.groups
      ? ["    N, C, H, W = x.shape", "    O, K, U, V = weight.shape"]
      : ["    U, V = weight.shape[2:]"]),
    "    I, J = grad_out.shape[2:]",
    ...(conv.bias === "none" ? [] : ["    grad_bias = grad_out.sum(axis=(0, 2, 3))"]),
    ...(conv.groups
      ? [...splitInGroups(), "    grad_out = grad_out.reshape(N, groups, O // groups, I, J)"]
      : []),
    "    grad_x, grad_weight = np.zeros_like(x), np.zeros_like(weight)",
    "    for u, v in np.ndindex(U, V):",
    `        pixels = ${underCall(style)}`,
    ...(conv.groups
      ? [
          '        grad_weight[..., u, v] = np.einsum("ngoij,ngkij->gok", grad_out, x[pixels])',
          '        grad_x[pixels] += np.einsum("gok,ngoij->ngkij", weight[..., u, v], grad_out)',
        ]
      : [
          '        grad_weight[:, :, u, v] = np.einsum("noij,ncij->oc", grad_out, x[pixels])',
          '        grad_x[pixels] += np.einsum("oc,noij->ncij", weight[:, :, u, v], grad_out)',
        ]),
    `    return ${results.join(", ")}`,
  ];
}

function splitInGroups(): string[] {
  return [
    "    x = x.reshape(N, groups, K, H, W)",
    "    weight = weight.reshape(groups, O // groups, K, U, V)",
  ];
}

function underCall(style: Style): string {
  const { conv } = style;
  const more = [...(conv.stride ? ["stride"] : []), ...(conv.dilation ? ["dilation"] : [])];
  // pools may need a stride, which then comes first
  const named = !conv.stride && conv.dilation && usesPools(style) ? ["dilation=dilation"] : more;
  return `under(${["u", "v", "I", "J", ...named].join(", ")})`;
}

const biasParameter = (bias: Style["conv"]["bias"]) =>
  bias === "all" ? ", bias" : bias === "some" ? ", bias=None" : "";

/** A convolution's options, as its functions have them. */
function convParameters({ conv, pairs, sides }: Style): string {
  const one = pairs ? "(1, 1)" : "1";
  const all = [
    ...(conv.stride ? [`stride=${one}`] : []),
    ...(conv.padding ? [`padding=${sides ? "(0, 0, 0, 0)" : "0"}`] : []),
    ...(conv.dilation ? [`dilation=${one}`] : []),
    ...(conv.groups ? ["groups=1"] : []),
  ];
  return all.map((parameter) => `, ${parameter}`).join("");
}

/** What both kinds of pools begin with. */
function poolHead(style: Style, pool: PoolStyle, value: string): string[] {
  const [U, V] = parts(style, "size");
  const step = parts(style, pool.stride ? "stride" : "size");
  const count = (length: string, size: string, stride: string) =>
    pool.stride || pool.padding ? fits(length, size, stride) : `${length} // ${size}`;
  return [
    ...(pool.padding ? [`    x = pad(x, padding${value})`] : []),
    ...unpacked(style, "size", pool.stride && "stride"),
    "    N, C, H, W = x.shape",
    ...sizes(count("H", U, step[0]), count("W", V, step[1])),
  ];
}

const poolParameters = (style: Style, pool: PoolStyle) =>
  `size${pool.stride ? ", stride" : ""}${pool.padding ? `, padding=${style.sides ? "(0, 0, 0, 0)" : "0"}` : ""}`;

/** Goes over the cells of a pool's window. */
function poolLoop(style: Style, pool: PoolStyle): string[] {
  const [U, V] = parts(style, "size");
  return [
    `    for u, v in np.ndindex(${U}, ${V}):`,
    `        pixels = under(u, v, I, J, ${pool.stride ? "stride" : "size"})`,
  ];
}

/** `x[n, c, size * i + u, size * j + v]` */
function poolCell(style: Style, pool: PoolStyle): string {
  const [down, right] = parts(style, pool.stride ? "stride" : "size");
  return `x[n, c, ${down} * i + u, ${right} * j + v]`;
}

export function maxPool2d(style: Style): string[] {
  const pool = style.maxPool;
  return [
    ...wrapped(`def max_pool2d(x, ${poolParameters(style, pool)}):`),
    ...docstring([`out[n, c, i, j] = the largest of ${poolCell(style, pool)}`]),
    ...poolHead(style, pool, ", -np.inf"),
    "    out = np.full((N, C, I, J), -np.inf, x.dtype)",
    ...poolLoop(style, pool),
    "        out = np.maximum(out, x[pixels])",
    "    return out",
  ];
}

export function maxPool2dBackward(style: Style): string[] {
  const pool = style.maxPool;
  return [
    ...wrapped(`def max_pool2d_backward(grad_out, out, x, ${poolParameters(style, pool)}):`),
    ...docstring([
      "Only the winner of a window moved the output, so the whole gradient goes to it: to the first one, if several are equally large.",
    ]),
    ...(pool.padding ? ["    x = pad(x, padding, -np.inf)"] : []),
    ...unpacked(style, "size"),
    "    I, J = out.shape[2:]",
    "    grad_x = np.zeros_like(x)",
    "    waiting = np.ones(out.shape, bool)  # windows whose winner hasn't come yet",
    ...poolLoop(style, pool),
    "        wins = waiting & (x[pixels] == out)",
    "        grad_x[pixels] += np.where(wins, grad_out, 0)",
    "        waiting &= ~wins",
    `    return ${pool.padding ? "unpad(grad_x, padding)" : "grad_x"}`,
  ];
}

export function averagePool2d(style: Style): string[] {
  const pool = style.averagePool;
  const [U, V] = parts(style, "size");
  return [
    ...wrapped(`def average_pool2d(x, ${poolParameters(style, pool)}):`),
    ...docstring([
      `out[n, c, i, j] = the mean of ${poolCell(style, pool)}${pool.padding ? "; what lies in the padding counts as 0" : ""}`,
    ]),
    ...poolHead(style, pool, ""),
    "    out = np.zeros((N, C, I, J), x.dtype)",
    ...poolLoop(style, pool),
    "        out += x[pixels]",
    `    return out / (${U} * ${V})`,
  ];
}

export function averagePool2dBackward(style: Style): string[] {
  const pool = style.averagePool;
  const [U, V] = parts(style, "size");
  return [
    ...wrapped(`def average_pool2d_backward(grad_out, x, ${poolParameters(style, pool)}):`),
    ...docstring([
      "Each pixel moved the mean by its share, so it gets this share of the gradient, of every window over it.",
    ]),
    ...(pool.padding ? ["    x = pad(x, padding)"] : []),
    ...unpacked(style, "size"),
    "    I, J = grad_out.shape[2:]",
    "    grad_x = np.zeros_like(x)",
    ...poolLoop(style, pool),
    `        grad_x[pixels] += grad_out / (${U} * ${V})`,
    `    return ${pool.padding ? "unpad(grad_x, padding)" : "grad_x"}`,
  ];
}
