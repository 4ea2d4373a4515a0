import type { Source } from "./source.js";

/* An object's header: messages, each of a type, about what it is. Two versions are in use. */

export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** A message of a header: where its data lie in the file. */
export interface Message {
  readonly type: number;
  readonly at: number;
  readonly size: number;
  /** Whether only a pointer to the data stands here, which several objects share. */
  readonly shared: boolean;
}

interface Block {
  readonly begin: number;
  readonly end: number;
}

/** The messages of the header at an address, those in its continuations among them. */
export function readHeader(source: Source, at: number): Message[] {
  source.record();
  const newer = source.text(at, 4) === "OHDR";
  if (!newer && source.u8(at) !== 1)
    source.fail(`at byte ${at} should be the header of an object, but isn't`);
  const flags = newer ? source.u8(at + 5) : 0;
  const tracked = (flags & 4) !== 0 ? 2 : 0;
  const blocks = [
    newer ? firstBlock(source, at, flags) : { begin: at + 16, end: at + 16 + source.u32(at + 8) },
  ];
  const messages: Message[] = [];
  for (const { begin, end } of blocks) {
    source.part(begin, end - begin);
    const before = newer ? 4 + tracked : 8;
    for (let k = begin; k + before <= end; ) {
      source.record();
      const type = newer ? source.u8(k) : source.u16(k);
      const size = source.u16(newer ? k + 1 : k + 2);
      const shared = (source.u8(newer ? k + 3 : k + 4) & 2) !== 0;
      const data = k + before;
      if (data + size > end)
        source.fail(`a message at byte ${k} is longer than the header that it stands in`);
      if (type === MESSAGE.continuation) {
        const [to, length] = [source.address(data), source.u64(data + 8)];
        if (newer) source.signature(to, "OCHK");
        blocks.push(newer ? { begin: to + 4, end: to + length - 4 } : { begin: to, end: to + length });
      } else messages.push({ type, at: data, size, shared });
      k = data + size;
    }
  }
  return messages;
}

/** Behind the newer header's own options, whose flags say which there are. */
function firstBlock(source: Source, at: number, flags: number): Block {
  const sizeAt = at + 6 + ((flags & 0x20) !== 0 ? 16 : 0) + ((flags & 0x10) !== 0 ? 4 : 0);
  const width = 1 << (flags & 3);
  const begin = sizeAt + width;
  return { begin, end: begin + source.unsigned(sizeAt, width) };
}
