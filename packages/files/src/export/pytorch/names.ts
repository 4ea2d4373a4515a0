import type { Model } from "unravel-cnn";

/* What layers are called in a module. Most keep their names; those that mean something else there get a `_` behind them. */

/** Python's keywords, and what the methods of the module call. */
const TAKEN = [
  ..."False None True and as assert async await break class continue def del elif else except finally for from".split(
    " ",
  ),
  ..."global if import in is lambda nonlocal not or pass raise return try while with yield".split(" "),
  ..."self torch nn F images".split(" "),
];

/** What `nn.Module` has itself, in PyTorch 1.13 and 2: a layer of that name would hide it, or be hidden. */
export const MODULE_ATTRIBUTES = [
  ..."T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double".split(
    " ",
  ),
  ..."dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule".split(
    " ",
  ),
  ..."half ipu load_state_dict modules mtia named_buffers named_children named_modules named_parameters".split(
    " ",
  ),
  ..."parameters register_backward_hook register_buffer register_forward_hook".split(" "),
  ..."register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook".split(" "),
  ..."register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module".split(" "),
  ..."register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_".split(
    " ",
  ),
  ..."set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu zero_grad".split(
    " ",
  ),
];

/** What each layer is called, by its name in the model. */
export function torchNames({ layers }: Model): ReadonlyMap<string, string> {
  const taken = new Set([...TAKEN, ...MODULE_ATTRIBUTES, ...layers.map(({ name }) => name)]);
  const reserved = new Set([...TAKEN, ...MODULE_ATTRIBUTES]);
  return new Map(
    layers.map(({ name }) => {
      if (!reserved.has(name)) return [name, name];
      let other = `${name}_`;
      while (taken.has(other)) other += "_";
      taken.add(other);
      return [name, other];
    }),
  );
}
