"""Runs a component of the world `wasi:cli/command` in wasmtime, with a folder as /vectors."""

import sys

from wasmtime import Engine, ExitTrap, Store, WasiConfig
from wasmtime.component import Component, Linker

component, folder = sys.argv[1:]
engine = Engine()
store = Store(engine)
wasi = WasiConfig()
wasi.inherit_stdout()
wasi.inherit_stderr()
wasi.preopen_dir(folder, "/vectors")
store.set_wasi(wasi)
linker = Linker(engine)
linker.add_wasip2()
command = Component.from_file(engine, component)
(name,) = [name for name in command.type.exports(engine) if name.startswith("wasi:cli/run@")]
instance = linker.instantiate(store, command)
run = instance.get_func(store, instance.get_export_index(store, "run", instance.get_export_index(store, name)))
try:
    # Its result carries nothing in either case: a failure comes as an exit.
    run(store)
except ExitTrap as exit:
    sys.exit(exit.code)
