import { element } from "./elements.js";
import type { Looker, Source } from "./source.js";

/** Larger pictures are made smaller before they are looked at: phones have no canvas for them. */
const LONGEST_SIDE = 4096;

/** Pictures that are chosen, dropped or pasted, anywhere on the page. @param show brings the panel to the front */
export function pictureFiles(looker: Looker, show: () => void): Source {
  const input = element("input", { type: "file", accept: "image/*", id: "file", class: "file" });
  const shown = element("canvas", { class: "picture", hidden: "", role: "img", "aria-label": "The picture" });
  const zone = element(
    "label",
    { class: "zone", for: "file" },
    element("strong", {}, "Choose a picture"),
    element("span", {}, "or drop one anywhere on this page, or paste it"),
  );
  let latest = 0;
  let current: ImageBitmap | undefined;

  const open = async (file: Blob | null | undefined) => {
    show();
    const turn = ++latest;
    if (!file) return looker.complain("That was no picture: drop or paste a picture, or a file with one.");
    try {
      const bitmap = await bitmapOf(file);
      if (turn !== latest) return;
      current?.close();
      current = bitmap;
      shown.hidden = false;
      shown.width = bitmap.width;
      shown.height = bitmap.height;
      shown.getContext("2d")?.drawImage(bitmap, 0, 0);
      looker.look(bitmap);
    } catch {
      if (turn === latest)
        looker.complain("That file is no picture that this browser can read; PNG, JPEG, WebP and GIF are.");
    }
  };
  input.addEventListener("change", () => {
    if (input.files?.length) void open(input.files[0]);
    // so that the same file can be chosen again
    input.value = "";
  });
  addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) zone.classList.remove("over");
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    void open(event.dataTransfer?.files[0]);
  });
  addEventListener("paste", (event) => {
    void open(event.clipboardData?.files[0]);
  });
  return {
    title: "Picture",
    panel: element("div", {}, input, zone, shown),
    shown: () => {
      if (current) looker.look(current);
    },
  };
}

async function bitmapOf(file: Blob): Promise<ImageBitmap> {
  const whole = await createImageBitmap(file);
  const share = LONGEST_SIDE / Math.max(whole.width, whole.height);
  if (share >= 1) return whole;
  const size = (side: number) => Math.max(1, Math.round(side * share));
  const smaller = await createImageBitmap(whole, {
    resizeWidth: size(whole.width),
    resizeHeight: size(whole.height),
    resizeQuality: "high",
  });
  whole.close();
  return smaller;
}
