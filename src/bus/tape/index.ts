export { openTape, type TapeOptions } from './tape.ts'
