"""Declare the two operators that torchvision misses beside a torch without CUDA.

The torchvision of the package index is built for CUDA. Beside a CPU-only torch its compiled part
cannot be loaded, and importing it ends with "operator torchvision::nms does not exist". sleap-nn
calls none of the compiled operators, so declaring `nms` and `qnms` is enough for the import.

A .pth file imports this module at every start of Python: it must not import torch by itself.
"""

import sys


class DeclareOperators:
    """Step in at the first import of torchvision, once."""

    def find_spec(self, name, path=None, target=None):
        """Declare the operators; the import itself is left to the ordinary finders."""
        if name == "torchvision":
            sys.meta_path.remove(self)
            self.declare()
        return None

    def declare(self):
        """Declare both schemas, unless torch has an accelerator for which the real ones load."""
        import torch

        if torch.version.cuda is not None or torch.version.hip is not None:
            return
        # The declarations live as long as the object.
        self.library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            self.library.define(
                f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            )
        sys.modules[__name__].operators = self


sys.meta_path.insert(0, DeclareOperators())
