/** The files of one machine that outlive a worker. */
export interface Disk {
  /** Part of the name of a file that is not whole yet: two owners of one file never write the same bytes over. */
  readonly owner: string
  /** Bytes of a file, null when there is none. */
  read(file: string): Promise<Uint8Array | null>
  /** Creates or replaces a file and its folder; a crash on the way leaves a part. Resolves when the bytes are safe. */
  write(file: string, bytes: Uint8Array): Promise<void>
  /** Takes the place of `to` at once: a crash leaves the one or the other. Resolves when the name is safe. */
  rename(from: string, to: string): Promise<void>
}
