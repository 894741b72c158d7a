#include "app/cli.h"

int main(int argc, char** argv) { return loom::app::run_cli(argc, argv); }
