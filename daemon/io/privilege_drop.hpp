// What this process may do, made as little as it needs: capabilities(7), no_new_privs, seccomp(2).
//
// Packets are parsed by a thread that may not open a packet socket, nor get that right back. The
// one thread that keeps CAP_NET_RAW does nothing but wait for run(): so an interface that went and
// came again is captured again, and a reload may name another one, without a privilege where a
// hostile packet is read. Nothing here has an effect on a process that had no capability to begin
// with, but for the filter.
//
// As root (a bench, `daemon/run`) the right to open other users' files is kept, and nothing else.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/io/privileged.hpp"

namespace itnxt {

class PrivilegeDrop final : public Privileged {
 public:
  // For the rest of the process, and for every thread made from now on: make it before any thread.
  // `opens_packet_sockets`: keep a thread that can, if this process can.
  explicit PrivilegeDrop(bool opens_packet_sockets);
  ~PrivilegeDrop() override;
  PrivilegeDrop(const PrivilegeDrop&) = delete;
  PrivilegeDrop& operator=(const PrivilegeDrop&) = delete;

  void run(const std::function<void()>& work) override;

  // What could not be given up, and what to do; one sentence each. The process works all the same.
  [[nodiscard]] const std::vector<std::string>& remarks() const { return remarks_; }

 private:
  class Opener;
  std::unique_ptr<Opener> opener_;  // null: nobody here can
  std::vector<std::string> remarks_;
};

}  // namespace itnxt
