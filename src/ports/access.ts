/** How a client shows a server who it is, and whom it trusts. */
export interface Access {
  readonly user: { readonly name: string; readonly password: string } | null
  /** A bearer token, for servers that take one. */
  readonly token: string | null
  /** null: plain text. `ca`: a file of PEM certificates to trust in place of the system's. */
  readonly tls: { readonly caFile: string | null; readonly ca: string | null } | null
}

/** Nobody in particular, in plain text. */
export const openAccess: Access = { user: null, token: null, tls: null }
