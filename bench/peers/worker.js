'use strict'

// A process that uses a lock on command: bench/src/worker.rs says how.

const fs = require('fs')
const readline = require('readline')
const { locks, resets } = require('./locks')

const now = () => process.hrtime.bigint()
const say = text => {
  const bytes = Buffer.from(text + '\n')
  for (let at = 0; at < bytes.length;) {
    try {
      at += fs.writeSync(1, bytes, at)
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
    }
  }
}

const commands = {
  uncontended: async (peer, path, count) => {
    const start = now()
    for (let i = 0; i < Number(count); i++) await (await locks[peer](path))()
    say(`done ${now() - start}`)
  },
  contend: async (peer, path, start, end, hold, how) => {
    start = BigInt(start)
    end = BigInt(end)
    hold = BigInt(hold)
    const before = resets()
    const lines = []
    while (now() < start) await new Promise(resolve => setTimeout(resolve, 1))
    for (;;) {
      const asked = now()
      if (asked >= end) break
      const release = await locks[peer](path)
      const acquired = now()
      if (how === 'sleep') await new Promise(resolve => setTimeout(resolve, Number(hold) / 1e6))
      else while (now() < acquired + hold);
      const released = now()
      await release()
      lines.push(`${asked} ${acquired} ${released}`)
    }
    lines.push(`done ${resets() - before}`)
    say(lines.join('\n'))
  },
  hold: async (peer, path) => {
    say('asked')
    await locks[peer](path)
    say(`held ${now()}`)
  }
}

async function main () {
  say('ready')
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [name, ...words] = line.split(' ')
    await commands[name](...words)
  }
  process.exit(0)
}

main()
