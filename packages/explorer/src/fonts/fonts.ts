const LONGEST = 800;
const faces = ['1rem "Source Sans 3 Variable"', '1rem "Source Code Pro Variable"'];

/**
 * When the page's typefaces are there, or too late: letters of another width would move what is already shown. After 800 ms, or
 * if they can't be loaded, the page does with those of the system.
 */
export async function typefaces(): Promise<void> {
  const late = new Promise((resolve) => setTimeout(resolve, LONGEST));
  await Promise.race([Promise.allSettled(faces.map((face) => document.fonts.load(face))), late]);
}
