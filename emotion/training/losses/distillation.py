"""Knowledge distillation: match the teacher's class probabilities.

Hinton et al., "Distilling the knowledge in a neural network", 2015, section 2.
"""

from torch import Tensor
from torch.nn import functional as F


def distillation(logits: Tensor, teacher_logits: Tensor, temperature: float) -> Tensor:
    """T^2 KL(teacher || student) at temperature T, (N,); T^2 keeps the scale of the gradients.

    Args:
        logits: (N, C).
        teacher_logits: (N, C), without gradient.
        temperature: above 0; a higher one gives more weight to the teacher's less likely classes.
    """
    student = (logits / temperature).log_softmax(dim=1)
    teacher = (teacher_logits / temperature).log_softmax(dim=1)
    divergence = F.kl_div(student, teacher, reduction="none", log_target=True).sum(dim=1)
    return temperature**2 * divergence
