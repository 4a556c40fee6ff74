// Preloaded into services by `--profile DIR`: writes where the CPU time of the process went when it ends.
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.start');
process.once('exit', () => {
  session.post('Profiler.stop', (error, result) => {
    if (error !== null) throw error;
    writeFileSync(process.env.BENCH_PROFILE, JSON.stringify(result.profile));
  });
});
