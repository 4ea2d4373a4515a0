/**
 * *Present*: large type for a class, the network and its answer in one window, and whatever the pointer rests on opens without a
 * click. The styles look for `data-present` at the root.
 */
class Present {
  #isOn = $state(false);

  get isOn(): boolean {
    return this.#isOn;
  }

  toggle(): void {
    this.#isOn = !this.#isOn;
    document.documentElement.toggleAttribute("data-present", this.#isOn);
  }

  leave(): void {
    if (this.#isOn) this.toggle();
  }
}

export const present = new Present();
