import { crc32, deflateRawSync } from "node:zlib";

/*
 * Archives written by hand: sound ones, and what no program writes.
 */

export interface TarEntry {
  readonly name: string;
  readonly content?: Uint8Array;
  /** Default 0, a file. */
  readonly type?: string;
}

export function tarOf(entries: readonly TarEntry[]): Uint8Array {
  const blocks = entries.flatMap(({ name, content = new Uint8Array(0), type = "0" }) => {
    const header = Buffer.alloc(512);
    header.write(name, 0, 100);
    header.write("0000644\0", 100);
    header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("        ", 148);
    header.write(type, 156);
    header.write("ustar\0", 257);
    const sum = header.reduce((all, byte) => all + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return new Uint8Array(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

/** A name that is longer than a header has room for, as GNU's tar writes it. */
export function longNamed(name: string, content: Uint8Array): TarEntry[] {
  return [
    { name: "././@LongLink", type: "L", content: new Uint8Array(Buffer.from(`${name}\0`)) },
    { name: name.slice(0, 99), content },
  ];
}

/** The same, as POSIX's pax does. */
export function paxNamed(name: string, content: Uint8Array): TarEntry[] {
  const body = ` path=${name}\n`;
  const bytes = Buffer.byteLength(body);
  const length = [bytes + 1, bytes + 2, bytes + 3].find(
    (all) => all === bytes + String(all).length,
  ) as number;
  return [
    { name: "PaxHeader", type: "x", content: new Uint8Array(Buffer.from(`${length}${body}`)) },
    { name: "short", content },
  ];
}

export interface ZipFile {
  readonly name: string;
  readonly content: Uint8Array;
  readonly stored?: boolean;
  readonly encrypted?: boolean;
  readonly link?: boolean;
  /** In the place of the right ones. */
  readonly method?: number;
  readonly size?: number;
  readonly crc?: number;
}

export function zipOf(files: readonly ZipFile[]): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const file of files) {
    const name = Buffer.from(file.name);
    const packed = file.stored ? Buffer.from(file.content) : deflateRawSync(file.content);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(0x800 | (file.encrypted ? 1 : 0), 2);
    shared.writeUInt16LE(file.method ?? (file.stored ? 0 : 8), 4);
    shared.writeUInt32LE(file.crc ?? crc32(file.content), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(file.size ?? file.content.length, 18);
    shared.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), shared, name, packed]);
    const attributes = Buffer.alloc(14);
    attributes.writeUInt32LE(((file.link ? 0o120777 : 0o100644) << 16) >>> 0, 6);
    attributes.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x03"), shared, attributes, name]));
    parts.push(local);
    offset += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return new Uint8Array(Buffer.concat([...parts, listed, end]));
}
