#include <ostream>

#include "collectors/snmp_protocol/usm/crypto.hpp"

#ifdef FORBIDDEN
void print(std::ostream& out, const itnxt::snmp::usm::Key& key) {
  out << key;
}
#else
void print(std::ostream& out, const itnxt::snmp::usm::Key& key) {
  out << key.size();
}
#endif
