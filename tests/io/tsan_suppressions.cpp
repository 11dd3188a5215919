// libzmq hands messages between its threads by atomics of its own, which ThreadSanitizer cannot see
// in Debian's build of it: what the library itself does with memory, and
// libsodium for its CURVE, is not judged. Our code is.
// Compiled in, so that it holds however the test is started; without ThreadSanitizer nobody calls
// it.
extern "C" const char* __tsan_default_suppressions() {  // the name the runtime looks for
  return "called_from_lib:libzmq.so\ncalled_from_lib:libsodium.so\n";
}
