'use strict'

// A process that uses npm's slocket in the ways that the player does not: takes commands on stdin and answers on stdout,
// one line each.
//
//     node holder.js PATH
//
// (start)            -> held, or error CODE
// queued             -> how many connections wait
// connected          -> whether the server that has lent it the lock is there: true or false
// destroy I J ...    -> destroyed: ends these waiting connections
// release            -> released, and the process lives on
// release-sync       -> released, and the path is gone if the lock's server was
// release-and-exit   -> exits in the very tick in which it releases

const fs = require('fs')
const readline = require('readline')
const slocket = require('slocket')

const answer = line => fs.writeSync(1, line + '\n')

slocket(process.argv[2], (error, lock) => {
  if (error) return answer(`error ${error.code}`)
  const commands = {
    queued: () => lock.connectionQueue.length,
    connected: () => lock.connection.slocketConnected,
    destroy: places => {
      const connections = places.map(place => lock.connectionQueue[place])
      connections.forEach(connection => connection.destroy())
      return 'destroyed'
    },
    release: () => {
      lock.release()
      return 'released'
    },
    'release-sync': () => {
      lock.release(true)
      return 'released'
    },
    'release-and-exit': () => {
      lock.release()
      process.exit()
    }
  }
  answer('held')
  readline.createInterface({ input: process.stdin }).on('line', line => {
    const [name, ...words] = line.split(' ')
    answer(commands[name](words))
  })
})
