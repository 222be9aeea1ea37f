// Health of a container: monitor and serve answer over HTTP, if only that a token is missing. The other services publish
// heartbeats, which the monitor and its alerts watch; of them this says only that the process is there.
import process from 'node:process'

const url = process.env.CLOSEBELL_HEALTH_URL
if (url !== undefined) {
  const response = await fetch(url, { signal: AbortSignal.timeout(4000) }).catch(() => null)
  process.exitCode = response !== null && response.status < 500 ? 0 : 1
}
