/** Milliseconds of this process on processors, which other programs do not lengthen as they do the time that passes. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
