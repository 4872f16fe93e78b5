#include "process/interrupt.hpp"

#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <utility>

namespace materializer {
namespace {

constexpr std::chrono::milliseconds kTick{250};
constexpr std::chrono::seconds kToFinish{2};  // from the request to stop until the unit that runs is cancelled
constexpr std::chrono::seconds kToEnd{4};     // from the request to stop until the process ends in any case
constexpr std::chrono::seconds kToBegin{60};  // until the work must have told the watchdog of itself

sigset_t our_signals(bool reloads) {
  sigset_t signals;
  sigemptyset(&signals);
  for (int const signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  if (reloads) sigaddset(&signals, SIGHUP);
  return signals;
}

}  // namespace

Interrupt::Interrupt(ExitStatus when_stuck, bool reloads)
    : alive_until_(Clock::now() + kToBegin), when_stuck_(when_stuck), signals_(our_signals(reloads)) {
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  // A database server or a client of the metrics port that hangs up must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread([this] { watch(); });
}

Interrupt::~Interrupt() {
  {
    std::lock_guard const lock(mutex_);
    ended_ = true;
  }
  thread_.join();
}

std::int64_t Interrupt::now() const { return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()); }

double Interrupt::seconds() const { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }

double Interrupt::chance() { return std::uniform_real_distribution<double>(0, 1)(random_); }

bool Interrupt::stop_requested() const {
  std::lock_guard const lock(mutex_);
  return stop_;
}

bool Interrupt::take_reload() {
  std::lock_guard const lock(mutex_);
  return std::exchange(reload_, false);
}

void Interrupt::sleep(double seconds) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return stop_ || reload_; });
}

void Interrupt::alive_for(std::chrono::seconds allowance) {
  std::lock_guard const lock(mutex_);
  alive_until_ = Clock::now() + allowance;
}

bool Interrupt::is_alive() const {
  std::lock_guard const lock(mutex_);
  return Clock::now() < alive_until_;
}

void Interrupt::set_canceller(std::function<void()> cancel) {
  std::lock_guard const lock(mutex_);
  cancel_ = std::move(cancel);
}

void Interrupt::tell_systemd(const std::string &state) { sd_notify(0, state.c_str()); }

void Interrupt::watch() {
  timespec const tick{0, std::chrono::nanoseconds(kTick).count()};
  for (;;) {
    int const signal = sigtimedwait(&signals_, nullptr, &tick);
    if (signal > 0) receive(signal);
    std::unique_lock lock(mutex_);
    if (ended_) return;
    bool const alive = Clock::now() < alive_until_;
    if (stop_) hurry_the_stop();
    lock.unlock();
    if (alive) tell_systemd("WATCHDOG=1");
  }
}

void Interrupt::receive(int signal) {
  std::lock_guard const lock(mutex_);
  if (signal == SIGHUP) {
    reload_ = true;
  } else {
    if (!stop_) stop_at_ = Clock::now();
    stop_ = true;
    stops_++;
  }
  changed_.notify_all();
}

void Interrupt::hurry_the_stop() {
  Clock::duration const passed = Clock::now() - stop_at_;
  if (!cancelled_ && cancel_ && (passed > kToFinish || stops_ > 1)) {
    cancelled_ = true;
    // In a thread of its own: a server that does not answer would hold up this thread, which must still end the process.
    std::thread(cancel_).detach();
  }
  if (passed > kToEnd) _exit(static_cast<int>(when_stuck_));
}

}  // namespace materializer
