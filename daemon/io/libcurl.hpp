// What libcurl hands out, owned: freed with its own functions. Its handles are all `void`, so each
// has a deleter of its own.
#pragma once

#include <curl/curl.h>

#include <memory>

namespace itnxt::libcurl {

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;
using Multi = std::unique_ptr<CURLM, FreeMulti>;
using List = std::unique_ptr<curl_slist, FreeList>;

}  // namespace itnxt::libcurl
