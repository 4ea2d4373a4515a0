/** All files in what was dropped on a page (`webkitGetAsEntry()` of each item), with their paths. */
export async function filesIn(entry) {
  if (entry.isFile) {
    return [{ file: await new Promise((...then) => entry.file(...then)), path: entry.fullPath.slice(1) }];
  }
  const [all, reader] = [[], entry.createReader()];
  for (let some = [0]; some.length > 0; ) {
    some = await new Promise((...then) => reader.readEntries(...then)); // a hundred at a time
    all.push(...some);
  }
  return (await Promise.all(all.map(filesIn))).flat();
}
