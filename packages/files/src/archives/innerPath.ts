/** A member's name as a path within the archive; undefined if it leads out of it. */
export function innerPath(name: string): string | undefined {
  if (/^[\w-]+(\/[\w-]+)*(\.\w+)?$/.test(name)) return name; // as most are
  const parts = name.replaceAll("\\", "/").split("/");
  if (/^([a-z]:|\/)/i.test(name.replaceAll("\\", "/")) || parts.includes("..")) return undefined;
  return parts.filter((part) => part !== "" && part !== ".").join("/");
}
