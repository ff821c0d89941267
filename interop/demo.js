// One process of the demo: takes its turns with npm's slocket and says on stdout what it does.
//
//   node demo.js LOCK COUNTER AWAY+HOLD,AWAY+HOLD,...   (milliseconds)
'use strict'

const fs = require('node:fs')
const { once } = require('node:events')
const { setTimeout: pause } = require('node:timers/promises')
const slocket = require('slocket')

const [lock, counter, script] = process.argv.slice(2)
// The same clock as CLOCK_MONOTONIC of the other processes.
const now = () => process.hrtime.bigint()
const say = line => fs.writeSync(1, line + '\n')

// When the holder is killed, npm's slocket 1.0.5 gives up its place in the queue with ECONNRESET, and then throws when
// it sees that connection close.
async function acquire () {
  for (;;) {
    const request = slocket(lock)
    request.on('connectionError', () => request.connection.removeAllListeners('close'))
    try {
      return await request
    } catch (error) {
      if (error.code !== 'ECONNRESET') throw error
    }
  }
}

async function main () {
  say('ready')
  await once(process.stdin, 'data')
  process.stdin.destroy()
  for (const [away, hold] of script.split(',').map(turn => turn.split('+').map(Number))) {
    await pause(away)
    say(`waiting ${now()}`)
    const held = await acquire()
    const since = now()
    fs.writeFileSync(counter, String(Number(fs.readFileSync(counter, 'utf8')) + 1))
    say(`held ${since}`)
    await pause(hold)
    const released = now()
    held.release()
    say(`released ${released}`)
  }
}

main()
