/** `prod` of kafka://host:port/prod, else the last part of the address: how a person calls what the bus carries. */
export const deploymentOf = (bus: string): string =>
  bus
    .replace(/^\w+:/, '')
    .split('/')
    .filter((part) => part !== '')
    .at(-1) ?? bus
