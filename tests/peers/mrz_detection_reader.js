// mrz-detection (npm): locates and reads zones; its model is in its package. File names on standard input, a JSON line
// a file on standard output, as answers.py has it.
'use strict';

const readline = require('node:readline');
const { Image } = require('image-js');
const { getMrz, readMrz } = require('mrz-detection');

async function main() {
  for await (const file of readline.createInterface({ input: process.stdin })) {
    if (!file) continue;
    const [cpu, wall] = [process.cpuUsage(), process.hrtime.bigint()];
    const answer = { file, rows: [] };
    try {
      const zone = getMrz(await Image.load(file));
      answer.rows = (await readMrz(zone)).mrz;
    } catch (error) {
      answer.failure = String(error.message || error).slice(0, 200);
    }
    const used = process.cpuUsage(cpu);
    answer.cpu_ms = (used.user + used.system) / 1000;
    answer.wall_ms = Number(process.hrtime.bigint() - wall) / 1e6;
    console.log(JSON.stringify(answer));
  }
  console.log(JSON.stringify({ peak_mb: process.resourceUsage().maxRSS / 1000 }));
}

main();
