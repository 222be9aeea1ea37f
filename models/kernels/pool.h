// A job is a number of tasks; whoever is free takes the next one. Which thread runs a task is left to chance, what a
// task computes is not: sums are split by task, never by thread.
#pragma once
#include "real.h"

typedef void (*task_function)(const void *job, int task, int thread);

static struct {
  // Number of the job (32 bits), its tasks (16), the next one to take (16): one word, so that a thread that comes late
  // cannot take a task of a job that it has not seen.
  unsigned long long word;
  task_function function;
  const void *job;
  // Number of the job, on which idle threads sleep.
  int number;
  // Tasks done, on which the caller sleeps.
  int done;
} pool;

static void take_tasks(int thread) {
  for (;;) {
    unsigned long long word = __atomic_load_n(&pool.word, __ATOMIC_SEQ_CST);
    const int next = word & 0xffff;
    const int tasks = word >> 16 & 0xffff;
    if (next >= tasks) return;
    if (!__atomic_compare_exchange_n(&pool.word, &word, word + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) continue;
    pool.function(pool.job, next, thread);
    const int done = __atomic_add_fetch(&pool.done, 1, __ATOMIC_SEQ_CST);
    if (done == tasks) __builtin_wasm_memory_atomic_notify(&pool.done, 1);
  }
}

// Runs a job to its end; without other threads the caller runs it alone.
static void run_tasks(task_function function, const void *job, int tasks) {
  pool.function = function;
  pool.job = job;
  __atomic_store_n(&pool.done, 0, __ATOMIC_SEQ_CST);
  const unsigned long long number = (unsigned)pool.number + 1;
  __atomic_store_n(&pool.word, number << 32 | (unsigned)tasks << 16, __ATOMIC_SEQ_CST);
  __atomic_store_n(&pool.number, (int)number, __ATOMIC_SEQ_CST);
  __builtin_wasm_memory_atomic_notify(&pool.number, -1);
  take_tasks(0);
  for (;;) {
    const int done = __atomic_load_n(&pool.done, __ATOMIC_SEQ_CST);
    if (done == tasks) return;
    __builtin_wasm_memory_atomic_wait32(&pool.done, done, -1);
  }
}

// The life of every other thread.
void serve(int thread) {
  for (;;) {
    const int number = __atomic_load_n(&pool.number, __ATOMIC_SEQ_CST);
    take_tasks(thread);
    __builtin_wasm_memory_atomic_wait32(&pool.number, number, -1);
  }
}
