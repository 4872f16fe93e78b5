#include "service/endpoint.hpp"

#include <civetweb.h>

#include <stdexcept>
#include <utility>

namespace materializer {
namespace {

const char *reason_of(int status) { return status == 200 ? "OK" : status == 405 ? "Method Not Allowed" : "Service Unavailable"; }

// For civetweb: answers a request for the path whose page is `page`.
int answer(mg_connection *connection, void *page) {
  const std::string method = mg_get_request_info(connection)->request_method;
  Answer said;
  if (method == "GET" || method == "HEAD") {
    said = (*static_cast<std::function<Answer()> *>(page))();
  } else {
    said = {405, "text/plain", "only GET is answered\n"};
  }
  mg_printf(connection, "HTTP/1.1 %d %s\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
            said.status, reason_of(said.status), said.type.c_str(), said.body.size());
  if (method != "HEAD") mg_write(connection, said.body.data(), said.body.size());
  return said.status;
}

int keep_quiet(const mg_connection *, const char *) { return 1; }

}  // namespace

struct Endpoint::Server {
  Pages pages;
  mg_context *context = nullptr;
};

Endpoint::Endpoint(const std::string &address, Pages pages) : server_(std::make_unique<Server>()) {
  server_->pages = std::move(pages);
  mg_callbacks callbacks = {};
  callbacks.log_message = keep_quiet;
  const char *options[] = {"listening_ports", address.c_str(), "num_threads", "2", nullptr};
  mg_init_library(MG_FEATURES_DEFAULT);
  server_->context = mg_start(&callbacks, nullptr, options);
  if (server_->context == nullptr) {
    mg_exit_library();
    throw std::runtime_error("the address is taken, or is none of this machine");
  }
  for (auto &[path, page] : server_->pages) mg_set_request_handler(server_->context, path.c_str(), answer, &page);
}

Endpoint::~Endpoint() {
  mg_stop(server_->context);
  mg_exit_library();
}

}  // namespace materializer
