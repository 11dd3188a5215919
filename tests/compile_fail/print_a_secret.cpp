#include <ostream>

#include "daemon/config/config.hpp"

#ifdef FORBIDDEN
void print(std::ostream& out, const itnxt::Secret& secret) {
  out << secret;
}
#else
void print(std::ostream& out, const itnxt::Secret& secret) {
  out << secret.where();
}
#endif
