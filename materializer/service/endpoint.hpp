// Answers GET requests at an address, in threads of its own. Only this file knows civetweb.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace materializer {

struct Answer {
  int status;  // of HTTP
  std::string type;
  std::string body;
};

/// What is answered for each path. Called in other threads.
using Pages = std::map<std::string, std::function<Answer()>>;

class Endpoint {
 public:
  /// Throws std::runtime_error where the address cannot be listened at.
  Endpoint(const std::string &address, Pages pages);
  ~Endpoint();
  Endpoint(const Endpoint &) = delete;
  Endpoint &operator=(const Endpoint &) = delete;

 private:
  struct Server;
  std::unique_ptr<Server> server_;
};

}  // namespace materializer
