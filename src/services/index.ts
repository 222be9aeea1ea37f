export { defaultCache, pinnedVersion, type ServiceName } from './artifacts.ts'
export {
  defaultFolder,
  down,
  status,
  up,
  type Running,
  type RunningKafka,
  type RunningQuestdb,
  type ServiceState,
  type ServiceStatus,
  type UpOptions,
} from './services.ts'
